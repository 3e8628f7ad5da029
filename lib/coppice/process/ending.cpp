#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include <coppice/process/control_block.hpp>
#include <coppice/process/delay_lines.hpp>
#include <coppice/process/ending.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/log.hpp>
#include <coppice/process/process_runtime.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/signals.hpp>

namespace coppice::detail {

namespace {

// What a lost stack refers to, kept where a leak checker can see that it is kept on purpose.
void keep_for_ever(process_body* body) {
  static std::mutex lock;
  static auto* const kept = new std::vector<process_body*>;
  const std::lock_guard hold{lock};
  kept->push_back(body);
}

// Takes an inbox's list, which is newest first, in the order of arrival.
envelope* in_order(envelope* newest) noexcept {
  envelope* oldest = nullptr;
  while (newest != nullptr) {
    envelope* following = newest->next;
    newest->next = oldest;
    oldest = newest;
    newest = following;
  }
  return oldest;
}

// Types of the library's own, which no user misses.
bool is_of_the_library(const message_type& type) noexcept {
  return type == message_type_of<exit_signal> || type == message_type_of<down> ||
         type.name.starts_with("coppice::detail::");
}

// Tells the observer, if it was a message or a cast.
void tell_lost(pid to, envelope_kind kind, const message_type& type) noexcept {
  if (kind != envelope_kind::message && kind != envelope_kind::cast) return;
  const process_runtime* const runtime = running_runtime_or_null();
  if (runtime == nullptr || runtime->options.observer == nullptr || is_of_the_library(type)) return;
  runtime->options.observer->message_lost(to, type.name);
}

}  // namespace

void control_block::finish() noexcept {
  finishing_ = true;
  has_fatal_ = true;  // nothing changes the reason any more
  const exit_reason& reason = fatal_;
  status_.store(status::exiting, std::memory_order_relaxed);
  process_table& table = process_table::instance();
  process_runtime& runtime = running_runtime();
  const message_type* const in_hand = runtime.options.observer != nullptr ? body_->in_hand(*this) : nullptr;
  if (abandoned_) {
    // What still stands on the lost stack refers to it.
    keep_for_ever(body_.release());
  } else {
    body_.reset();
    if (extras_ != nullptr) extras_->dictionary.clear();
  }
  if (reason.thrown() != nullptr && !reported_) report_crash(self_, initial_call_, reason);
  if (observed_ && runtime.options.observer != nullptr)
    runtime.options.observer->process_ended(self_, parent(), reason);
  if (in_hand != nullptr) tell_lost(self_, envelope_kind::message, *in_hand);
  {
    const std::lock_guard hold{table.guard_of(self_)};
    slot().life.store(self_.value() | ending_mark, std::memory_order_release);
  }
  release_name_of(self_);
  if (has_timers_.load(std::memory_order_acquire)) runtime.engine.cancel_timers_of(self_.value());
  tell_of_end(reason);
  const pid self = self_;
  this->~control_block();
  if (table.release(self)) runtime.engine.care().many_have_ended();
}

// Its children that are still linked to it, those that it has left as orphans, and those of whose orphans it knew and
// whose ends it has not seen.
std::shared_ptr<const std::vector<pid>> control_block::those_left(std::vector<pid> linked) {
  std::erase_if(linked, [this](pid other) { return !is_child(other); });
  if (extras_ != nullptr) {
    linked.insert(linked.end(), extras_->awaited_orphans.begin(), extras_->awaited_orphans.end());
    extras_->orphans.for_each(
        [&linked](pid, const auto& left) { linked.insert(linked.end(), left->begin(), left->end()); });
  }
  std::sort(linked.begin(), linked.end());
  linked.erase(std::unique(linked.begin(), linked.end()), linked.end());
  if (linked.empty()) return nullptr;
  return std::make_shared<const std::vector<pid>>(std::move(linked));
}

// Of one that is ending already, and may not be looked at: yes.
bool control_block::is_child(pid other) const noexcept {
  if (other == parent()) return false;
  process_table& table = process_table::instance();
  const std::lock_guard hold{table.guard_of(other)};
  return !table.is_living(other) || table.slot(other).process().parent() == self_;
}

// Its parent is ending, or has ended, and may not look at what it was told any more: then the next one above has to
// know who is left. The inbox decides between them: who is found living after the push will look at it, unless a fault
// injector keeps what was pushed under way.
void control_block::tell_ancestors(const std::shared_ptr<const std::vector<pid>>& orphans) {
  const auto has_been_told = [](pid who) {
    return process_table::instance().is_living(who) &&
           !(faults_are_injected.load(std::memory_order_relaxed) && running_runtime().delays.is_under_way_to(who));
  };
  if (has_been_told(parent())) return;
  for (auto next = ancestors_; next != nullptr; next = next->above) {
    if (next->parent == parent()) continue;
    post(make_ending(next->parent, envelope_kind::exit_linked, self_, {}, exit_reason::killed(), orphans));
    if (has_been_told(next->parent)) return;
  }
}

// Everybody who asks for word of the end gets it after those who had asked before, and a custodian's orphans with it.
// So the inbox stays open until they have been told.
void control_block::tell_of_end(const exit_reason& reason) noexcept {
  std::vector<envelope*> asked_late;
  if (extras_ != nullptr) asked_late.swap(extras_->asked_late);
  envelope* late = in_order(take_all(slot().inbox, inbox_empty));
  while (late != nullptr) {
    envelope* following = late->next;
    const envelope_kind kind = late->kind();
    if (late->to != self_.value()) {
      turn_away_for_dead(late);
    } else if (kind == envelope_kind::call && !ended_by_signal_) {
      append(late);
    } else if (asks_for_word_of_end(kind)) {
      asked_late.push_back(late);
    } else {
      if (kind == envelope_kind::demonitor) forget_call(late->ref());
      if (kind == envelope_kind::exit_linked || kind == envelope_kind::down) {
        if (const auto& left = late->as<ending>().orphans) orphans_of(late->sender(), left);
      }
      if (kind == envelope_kind::unlink) erase_link(late->sender());
      turn_away_for_dead(late);
    }
    late = following;
  }
  const bool has_many_links = links_ != nullptr || answers_for_linked_;
  const few_pids linked = has_many_links ? links() : few_pids{};
  const auto orphans = answers_for_linked_ ? those_left({linked.begin(), linked.end()}) : nullptr;
  const auto tell_linked = [&](pid other) {
    const bool hears_of_orphans = other == parent() || is_ended_by(other);
    post(make_ending(other, envelope_kind::exit_linked, self_, {}, reason, hears_of_orphans ? orphans : nullptr));
  };
  std::for_each(linked.begin(), linked.end(), tell_linked);
  if (!has_many_links && first_link_ && first_link_state_ == active_link) tell_linked(first_link_);
  if (orphans != nullptr) tell_ancestors(orphans);
  const auto tell_ender = [&](pid ender) {
    if (!is_linked_to(ender)) post(make_ending(ender, envelope_kind::ended, self_, {}, reason, orphans));
  };
  if (parent_ends_us_) tell_ender(parent());
  if (extras_ != nullptr) std::for_each(extras_->enders.begin(), extras_->enders.end(), tell_ender);
  if (call_) post(make_ending(caller_, envelope_kind::down, self_, call_, reason));
  if (extras_ != nullptr) {
    extras_->watchers.for_each_in_order([&](reference ref, pid watcher) {
      post(make_ending(watcher, envelope_kind::down, self_, ref, reason, orphans));
    });
    extras_->monitors.for_each_in_order([&](reference ref, const monitored& target) {
      post(make_envelope<nothing>(target.process, envelope_kind::demonitor, self_, ref));
    });
  }
  while (queue_ != nullptr) {
    envelope* queued = unlink_message(&queue_);
    if (queued->kind() == envelope_kind::call) {
      post(make_ending(queued->sender(), envelope_kind::down, self_, queued->ref(), reason));
    } else {
      tell_lost(self_, queued->kind(), *queued->type);
    }
    discard(queued);
  }
  late = in_order(take_all(slot().inbox, inbox_closed));
  slot().life.store(0, std::memory_order_release);
  for (; late != nullptr; late = late->next) asked_late.push_back(late);
  for (envelope* each : asked_late) {
    if (each->kind() == envelope_kind::monitor && each->to == self_.value()) {
      post(make_ending(each->sender(), envelope_kind::down, self_, each->ref(), exit_reason::noproc(), orphans));
      discard(each);
    } else if (each->kind() == envelope_kind::end && each->to == self_.value()) {
      post(make_ending(each->sender(), envelope_kind::ended, self_, {}, exit_reason::noproc(), orphans));
      discard(each);
    } else {
      turn_away_for_dead(each);
    }
  }
}

void turn_away_for_dead(envelope* sent) noexcept {
  const pid from = sent->sender();
  const pid dead = sent->receiver();
  switch (sent->kind()) {
    case envelope_kind::link:
      post(make_ending(from, envelope_kind::exit_linked, dead, {}, exit_reason::noproc()));
      break;
    case envelope_kind::end: post(make_ending(from, envelope_kind::ended, dead, {}, exit_reason::noproc())); break;
    case envelope_kind::unlink: post(make_envelope<nothing>(from, envelope_kind::unlink_ack, dead, sent->ref())); break;
    case envelope_kind::monitor:
    case envelope_kind::call:
    case envelope_kind::inspect:
      post(make_ending(from, envelope_kind::down, dead, sent->ref(), exit_reason::noproc()));
      break;
    default: tell_lost(dead, sent->kind(), *sent->type); break;
  }
  discard(sent);
}

}  // namespace coppice::detail
