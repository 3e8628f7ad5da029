#include <algorithm>

#include <coppice/process/control_block.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/signals.hpp>

namespace coppice {

void link(pid other) {
  detail::before_allocation();
  detail::control_block::current().link_to(other);
}

void unlink(pid other) {
  detail::control_block::current().unlink_from(other);
}

bool process_flag(process_flag_name, bool value) {
  auto& me = detail::control_block::current();
  // Signals that came before this call are judged by the old value.
  me.fetch_if_any();
  const bool before = me.traps_exit();
  me.set_trap_exit(value);
  return before;
}

namespace detail {

void control_block::link_to(pid other) {
  if (other == self_) return;
  std::uint64_t* state = find_link(other);
  if (state != nullptr && *state == active_link) return;
  if (!process_table::instance().is_living(other)) {
    if (!traps_exit()) {
      throw error{exit_reason::noproc(), "link: there is no process " + to_string(other)};
    }
    fetch_if_any();
    append(make_envelope<exit_signal>(self_, envelope_kind::message, other, reference{},
                                      exit_signal{other, exit_reason::noproc()}));
    return;
  }
  set_link(other, active_link);
  post(make_envelope<nothing>(other, envelope_kind::link, self_, reference{}));
}

void control_block::unlink_from(pid other) {
  std::uint64_t* state = find_link(other);
  if (state == nullptr || *state != active_link) return;
  const reference number = reference::make();
  *state = number.value();
  post(make_envelope<nothing>(other, envelope_kind::unlink, self_, number));
}

bool control_block::is_linked_to(pid other) const {
  const std::uint64_t* state = const_cast<control_block*>(this)->find_link(other);
  return state != nullptr && *state == active_link;
}

void control_block::begin_linked(control_block& child) {
  set_link(child.self_, active_link);
  child.set_link(self_, active_link);
}

void control_block::on_link(envelope* signal) {
  const pid from = signal->sender();
  // One that is being unlinked stays so: this link was made before the other side could know.
  if (find_link(from) == nullptr) set_link(from, active_link);
}

void control_block::on_unlink(envelope* signal) {
  const pid from = signal->sender();
  const std::uint64_t* state = find_link(from);
  if (state != nullptr && *state == active_link) erase_link(from);
  post(make_envelope<nothing>(from, envelope_kind::unlink_ack, self_, signal->ref()));
}

void control_block::on_unlink_ack(envelope* signal) {
  const pid from = signal->sender();
  const std::uint64_t* state = find_link(from);
  if (state != nullptr && *state == signal->ref().value()) erase_link(from);
}

void control_block::expect_links(std::size_t many) {
  if (!link_map::are_many(many)) return;
  if (links_ == nullptr) links_ = std::make_unique<link_map>();
  links_->reserve(many);
}

std::uint64_t* control_block::find_link(pid other) noexcept {
  if (first_link_ && first_link_ == other) return &first_link_state_;
  if (links_ == nullptr) return nullptr;
  return links_->find(other);
}

void control_block::set_link(pid other, std::uint64_t state) {
  if (first_link_ == other) {
    first_link_state_ = state;
    return;
  }
  if (first_link_ || (links_ != nullptr && links_->find(other) != nullptr)) {
    if (links_ == nullptr) links_ = std::make_unique<link_map>();
    if (links_->insert_or_assign(other, state)) add(link_count_, 1);
    return;
  }
  first_link_ = other;
  first_link_state_ = state;
  add(link_count_, 1);
}

void control_block::erase_link(pid other) noexcept {
  if (first_link_ == other) {
    first_link_ = pid{};
    add(link_count_, -1);
  } else if (links_ != nullptr && links_->erase(other)) {
    add(link_count_, -1);
  }
}

few_pids control_block::links() const {
  few_pids found;
  if (first_link_ && first_link_state_ == active_link) found.push_back(first_link_);
  if (links_ != nullptr) {
    links_->for_each([&found](pid other, std::uint64_t state) {
      if (state == active_link) found.push_back(other);
    });
  }
  // In the order of their pids, so that a simulation does not depend on how a hash table is laid out.
  if (found.size() > 1) std::sort(found.begin(), found.end());
  return found;
}

}  // namespace detail
}  // namespace coppice
