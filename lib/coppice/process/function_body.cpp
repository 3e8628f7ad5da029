#include <coppice/process/caught.hpp>
#include <coppice/process/control_block.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/function_body.hpp>
#include <coppice/process/known_ways.hpp>

namespace coppice::detail {

// Catches what `call` throws itself: each frame between a throw and its handler costs a tenth of a microsecond or two.
[[gnu::noinline]] void function_body::call_and_catch(function_body& of, control_block& process) {
  try {
    process.at(fault_point::init_begins);
    of.call();
    process.at(fault_point::init_ends);
  } catch (const exit_exception& caught) {
    process.ends_with(caught.reason);  // as below, without another throw
  } catch (...) {
    // The reason of an unwinding is that of the signal which ended the process.
    if (!is_unwinding()) process.ends_with(reason_of_caught());
  }
}

process_body::turn function_body::run(control_block& process) {
#if defined(COPPICE_KNOWS_WAYS)
  way_out out{.inner = reinterpret_cast<const void*>(&call_and_catch)};
  out_ = &out;
  // Who jumps here has been told to end, and left nothing behind.
  if (__builtin_setjmp(out.jump) != 0) return turn::ended;
#endif
  call_and_catch(*this, process);
  return turn::ended;
}

}  // namespace coppice::detail
