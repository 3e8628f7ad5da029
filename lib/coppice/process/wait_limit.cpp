#include <coppice/process/control_block.hpp>
#include <coppice/process/process_runtime.hpp>
#include <coppice/process/wait_limit.hpp>

namespace coppice::detail {

scheduling::timer_action wait_limit::action() const {
  return [to = to_, token = token_] { post(make_envelope<nothing>(to, envelope_kind::wake, pid{}, token)); };
}

void wait_limit::cancel() noexcept {
  running_runtime().engine.cancel_deferred(*this);
}

}  // namespace coppice::detail
