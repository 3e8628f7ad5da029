#pragma once

// Private to lib/coppice: depends on the C++ runtime of the Itanium ABI.

#include <typeinfo>

#include <cxxabi.h>
#include <unwind.h>

namespace coppice::detail {

/// What unwinds the stack of a process that an exit signal ended: to be let through by every `catch (...)`. Not derived
/// from std::exception, so that user code does not catch it by accident; where it does, it comes again at the next
/// wait.
struct unwinding {};

/// First thing in a `catch (...)`: lets an unwinding pass. It cannot be caught by its type, because it may come as the
/// C++ runtime's own unwinding of a thread that is cancelled does.
inline bool is_unwinding() noexcept {
  const std::type_info* const caught = abi::__cxa_current_exception_type();
  return caught != nullptr && *caught == typeid(unwinding);
}
inline void rethrow_unwinding() {
  if (is_unwinding()) throw;
}

// The sanitizers watch what is thrown, and do not know of the other way.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)

[[noreturn, gnu::always_inline]] inline void unwind() {
  throw unwinding{};
}

#else

/// An exception in flight, as `throw` makes it before it looks for a handler.
_Unwind_Exception* begin_unwinding();

/// Called for each frame.
_Unwind_Reason_Code go_on_unwinding(int version, _Unwind_Action actions, _Unwind_Exception_Class kind,
                                    _Unwind_Exception* unwound, _Unwind_Context* frame, void* argument);

/// Unwinds the stack up to the next `catch (...)`.
///
/// A `throw` walks the stack twice: for a handler first, then to destroy what lies before it. Here a handler is known
/// to be there, so the first walk, nearly half of the price, is left out. Always inline: each frame costs a tenth of a
/// microsecond.
[[noreturn, gnu::always_inline]] inline void unwind() {
  _Unwind_ForcedUnwind(begin_unwinding(), &go_on_unwinding, nullptr);
  __builtin_unreachable();
}

#endif

}  // namespace coppice::detail
