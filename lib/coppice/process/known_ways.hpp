#pragma once

// Private to lib/coppice: depends on the C++ runtime of the Itanium ABI.

#include <array>
#include <cstddef>
#include <cstdint>

// The sanitizers watch what is thrown, and must not miss that frames are left; and another processor has another stack.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COPPICE_KNOWS_WAYS
#endif

struct _Unwind_Context;

namespace coppice::detail {

/// A frame of a stack as its caller sees it: where it goes on, and the stack pointer there.
struct stack_frame {
  std::uintptr_t ip = 0;
  std::uintptr_t sp = 0;
};

/// Where a process may jump to, when there is nothing on its way out.
struct way_out {
  void* jump[5]{};              // of __builtin_setjmp
  const void* inner = nullptr;  // the function that is called right after
};

/// Remembers from which waits a process can be ended by a jump: those that have nothing on the way out to destroy or to
/// catch, and so nothing that an unwinder would stop at. To unwind takes a tenth of a microsecond or two for each
/// frame, mostly to read what the compiler has written of it; so it is read once for each way.
///
/// A way is named by the return addresses of all its frames and by where they lie. Only those are remembered of which
/// that says everything: no frame is of a size that differs from call to call, and all code is the program's own or
/// this library's, which is never unloaded to make room for other code.
///
/// Threads: any. To ask takes no lock; to learn another way does.
class known_ways {
 public:
  /// So many frames, from the one that waits to the one that jumps lead to.
  static constexpr std::size_t most_frames = 8;

  /// Whether a known way leads from that frame to `target`, which lies in an outer frame of the same stack.
  static bool lead(stack_frame from, const void* target) noexcept;

  /// Watches an unwinder pass the frames of a stack.
  class learner {
   public:
    /// `end`: the function whose frame is the last.
    learner(stack_frame from, const void* target, const void* end) noexcept : from_{from}, target_{target}, end_{end} {}

    /// The unwinder comes to a frame, and is going to look whether there is anything to do. False: there is no more to
    /// learn.
    bool pass(_Unwind_Context* frame) noexcept;

   private:
    bool has_fixed_size(stack_frame next) const noexcept;
    void keep() const noexcept;

    stack_frame from_;
    const void* target_;
    const void* end_;
    std::array<stack_frame, most_frames> passed_{};
    std::size_t count_ = 0;
    std::uintptr_t frame_pointer_ = 0;
  };
};

}  // namespace coppice::detail
