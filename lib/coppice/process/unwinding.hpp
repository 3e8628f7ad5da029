#pragma once

// Private to lib/coppice: depends on the C++ runtime of the Itanium ABI.

#include <typeinfo>

#include <cxxabi.h>

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

/// `std::uncaught_exceptions`, where a process may wait. The compiler believes that a function runs on one thread and
/// this cannot change meanwhile: it does, while a fiber is suspended.
[[gnu::noinline]] int exceptions_in_flight() noexcept;

/// Unwinds the stack, from the caller on, up to the next `catch (...)`; or jumps there, where it is known that nothing
/// on the way is to be destroyed or caught (`known_ways`).
///
/// A `throw` walks the stack twice: for a handler first, then to destroy what lies before it. Here a handler is known
/// to be there, so the first walk, nearly half of the price, is left out. But the sanitizers watch what is thrown, and
/// do not know of the other way.
///
/// Never returns. Not declared so, since then no call of it could be a jump, and each frame here would be one more.
void unwind_from_here();

[[noreturn, gnu::always_inline]] inline void unwind() {
  unwind_from_here();
  __builtin_unreachable();
}

}  // namespace coppice::detail
