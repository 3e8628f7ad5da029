#include <coppice/process/blocking.hpp>
#include <coppice/process/control_block.hpp>
#include <coppice/process/process_runtime.hpp>

namespace coppice::detail {

void run_blocking(const std::function<void()>& work) {
  control_block& me = control_block::current();
  auto& engine = running_runtime().engine;
  if (engine.is_virtual()) {
    work();
    return;
  }
  const reference done = reference::make();
  // `work` refers to this stack, which stays until the wake has come: that wait is not interrupted.
  engine.blocking().submit([&work, to = me.self(), done] {
    work();
    post(make_envelope<nothing>(to, envelope_kind::wake, pid{}, done));
  });
  me.wait_for_wake(done);
}

}  // namespace coppice::detail
