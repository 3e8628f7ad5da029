#include <coppice/process/unwinding.hpp>

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <exception>
#include <new>
#include <typeinfo>

#include <bits/atomic_word.h>
#include <bits/cxxabi_init_exception.h>
#include <unwind.h>

#include <coppice/scheduling/exception_state.hpp>

namespace coppice::detail {

namespace {

// An exception in flight. What __cxa_throw does, step by step, up to its call of _Unwind_RaiseException. The ABI lays
// the count of references in front of the header and the unwinder's part at its end, right before the object.
_Unwind_Exception* begin_unwinding() {
  void* const room = abi::__cxa_allocate_exception(sizeof(unwinding));
  auto* const object = ::new (room) unwinding;
  auto* const type = const_cast<std::type_info*>(&typeid(unwinding));
  auto* const header = abi::__cxa_init_primary_exception(object, type, nullptr);
  *reinterpret_cast<_Atomic_word*>(header) = 1;
  ++scheduling::thread_exceptions{}.now().uncaught;
  return reinterpret_cast<_Unwind_Exception*>(room) - 1;
}

// Called for each frame.
_Unwind_Reason_Code go_on_unwinding(int, _Unwind_Action actions, _Unwind_Exception_Class, _Unwind_Exception*,
                                    _Unwind_Context*, void*) {
  // As for any exception that nobody catches.
  if ((actions & _UA_END_OF_STACK) != 0) std::terminate();
  return _URC_NO_REASON;
}

}  // namespace

[[gnu::noinline]] void unwind_from_here() {
  _Unwind_ForcedUnwind(begin_unwinding(), &go_on_unwinding, nullptr);
}

}  // namespace coppice::detail

#else

namespace coppice::detail {

void unwind_from_here() {
  throw unwinding{};
}

}  // namespace coppice::detail

#endif
