#include <coppice/process/caught.hpp>
#include <coppice/process/control_block.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/function_body.hpp>

namespace coppice::detail {

// Catches what `call` throws itself: each frame between a throw and its handler costs a tenth of a microsecond or two.
process_body::turn function_body::run(control_block& process, exit_reason& reason) {
  try {
    process.at(fault_point::init_begins);
    call();
    process.at(fault_point::init_ends);
  } catch (const exit_exception& caught) {
    reason = caught.reason;  // as below, without another throw
  } catch (...) {
    // The reason of an unwinding is that of the signal which ended the process.
    if (!is_unwinding()) reason = reason_of_caught();
  }
  return turn::ended;
}

}  // namespace coppice::detail
