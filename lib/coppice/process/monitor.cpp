#include <coppice/process/control_block.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/monitor.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/signals.hpp>

namespace coppice {

reference monitor(pid target) {
  detail::before_allocation();
  auto& me = detail::control_block::current();
  // A pid that names nobody is like that of a dead process.
  return me.monitor(target, {});
}

reference monitor(std::string_view name) {
  detail::before_allocation();
  return detail::control_block::current().monitor(whereis(name), std::string{name});
}

bool demonitor(reference of, demonitor_options options) {
  return detail::control_block::current().demonitor(of, options.flush);
}

namespace detail {

reference control_block::monitor(pid target, std::string name) {
  const reference ref = reference::make();
  if (target == self_) return ref;
  if (!target) {
    fetch_if_any();
    append(make_envelope<down>(self_, envelope_kind::message, target, ref,
                               down{ref, target, std::move(name), exit_reason::noproc()}));
    return ref;
  }
  more().monitors.insert(ref, monitored{target, std::move(name)});
  add(monitor_count_, 1);
  post(make_envelope<nothing>(target, envelope_kind::monitor, self_, ref));
  return ref;
}

bool control_block::demonitor(reference of, bool flush) {
  fetch_if_any();
  bool was_active = false;
  if (extras_ != nullptr) {
    const auto found = extras_->monitors.find(of);
    if (found != nullptr) {
      was_active = true;
      post(make_envelope<nothing>(found->process, envelope_kind::demonitor, self_, of));
      extras_->monitors.erase(of);
      add(monitor_count_, -1);
    }
  }
  if (flush && !was_active) {
    for (envelope** link = &queue_; *link != nullptr; link = &(*link)->next) {
      if (*(*link)->type == message_type_of<down> && (*link)->kind() == envelope_kind::message &&
          (*link)->as<down>().ref == of) {
        discard(unlink_message(link));
        break;
      }
    }
  }
  return was_active;
}

reference control_block::begin_monitored(control_block& child) {
  const reference ref = reference::make();
  more().monitors.insert(ref, monitored{child.self_, {}});
  child.watchers().insert(ref, self_);
  add(monitor_count_, 1);
  add(child.watcher_count_, 1);
  return ref;
}

void control_block::forget_unborn(pid child) noexcept {
  erase_link(child);
  if (extras_ == nullptr) return;
  const auto erased =
      extras_->monitors.erase_if([child](reference, const monitored& target) { return target.process == child; });
  add(monitor_count_, -static_cast<int>(erased));
}

void control_block::on_down(envelope* signal) {
  const reference ref = signal->ref();
  if (ref == awaited_) {
    awaited_ = {};
    append(signal);
    return;
  }
  if (extras_ != nullptr) {
    const auto found = extras_->monitors.find(ref);
    if (found != nullptr) {
      auto& what = signal->as<ending>();
      if (what.orphans != nullptr) orphans_of(signal->sender(), what.orphans);
      append(make_envelope<down>(self_, envelope_kind::message, signal->sender(), ref,
                                 down{ref, found->process, std::move(found->name), what.reason}));
      extras_->monitors.erase(ref);
      add(monitor_count_, -1);
    }
  }
  discard(signal);
}

}  // namespace detail
}  // namespace coppice
