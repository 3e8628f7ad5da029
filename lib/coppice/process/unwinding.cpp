#include <exception>

#include <coppice/process/unwinding.hpp>

namespace coppice::detail {

int exceptions_in_flight() noexcept {
  return std::uncaught_exceptions();
}

}  // namespace coppice::detail

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

#include <new>
#include <typeinfo>

#include <bits/atomic_word.h>
#include <bits/cxxabi_init_exception.h>
#include <unwind.h>

#include <coppice/process/control_block.hpp>
#include <coppice/process/known_ways.hpp>
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

#if defined(COPPICE_KNOWS_WAYS)

_Unwind_Reason_Code learn_while_unwinding(int version, _Unwind_Action actions, _Unwind_Exception_Class of,
                                          _Unwind_Exception* exception, _Unwind_Context* frame, void* learner) {
  // Where it lands somewhere, it goes on from there another time, and the learner is no more.
  if (exception->private_1 == reinterpret_cast<_Unwind_Word>(&learn_while_unwinding) &&
      !static_cast<known_ways::learner*>(learner)->pass(frame)) {
    exception->private_1 = reinterpret_cast<_Unwind_Word>(&go_on_unwinding);
  }
  return go_on_unwinding(version, actions, of, exception, frame, nullptr);
}

[[gnu::noinline]] void unwind_and_learn(stack_frame from, const way_out& out) {
  known_ways::learner learner{from, &out, out.inner};
  _Unwind_ForcedUnwind(begin_unwinding(), &learn_while_unwinding, &learner);
}

#endif

}  // namespace

[[gnu::noinline]] void unwind_from_here() {
#if defined(COPPICE_KNOWS_WAYS)
  control_block* const me = control_block::current_or_null();
  if (way_out* const out = me != nullptr && me->has_body() ? me->body().out() : nullptr; out != nullptr) {
    const stack_frame caller{reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)),
                             reinterpret_cast<std::uintptr_t>(__builtin_dwarf_cfa())};
    if (known_ways::lead(caller, out)) __builtin_longjmp(out->jump, 1);
    unwind_and_learn(caller, *out);
    return;
  }
#endif
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
