#include <coppice/process/control_block.hpp>
#include <coppice/process/process_body.hpp>

namespace coppice::detail {

process_body::~process_body() = default;

void process_body::end_by_itself(control_block& process, exit_reason reason) {
  process.end_with(std::move(reason));
}

const message_type* process_body::in_hand(const control_block& /*process*/) const noexcept {
  return nullptr;
}

void process_body::act(control_block& process, std::function<void()> what) {
  process.act_at_next_wait(std::move(what));
}

void process_body::fetch_what_is_known_of(pid /*ended*/) const noexcept {}

}  // namespace coppice::detail
