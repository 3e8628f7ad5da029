#include <algorithm>
#include <functional>
#include <new>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>
#include <fmt/format.h>

#include <coppice/process/control_block.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/log.hpp>
#include <coppice/process/process_runtime.hpp>
#include <coppice/process/signals.hpp>
#include <coppice/process/slot_of.hpp>
#include <coppice/process/timer.hpp>

namespace coppice::detail {

namespace {

void signal_exit(const control_block& me, pid target, const exit_reason& reason) {
  process_table::instance().slot(target).fetch();  // an end takes all of it
  post(make_ending(target, envelope_kind::exit, me.self(), {}, reason));
}

// Takes the exit signal of `ended` out of the queue, if it is there.
std::optional<exit_reason> take_exit_signal(control_block& me, pid ended) {
  for (envelope** link = me.start_of_queue(); *link != nullptr; link = &(*link)->next) {
    if (*(*link)->type != message_type_of<exit_signal> || (*link)->as<exit_signal>().sender != ended) continue;
    envelope* taken = me.unlink_message(link);
    exit_reason reason = std::move(taken->as<exit_signal>().reason);
    discard(taken);
    return reason;
  }
  return std::nullopt;
}

// Asks for word of the end of `target`, without ending it. The words are let through like the answer to a call.
class watch {
 public:
  watch(control_block& me, pid target) : me_{me}, target_{target} {
    me_.fetch_if_any();
    me_.await_reply(ref_);
    place_ = me_.end_of_queue();
    post(make_envelope<nothing>(target, envelope_kind::monitor, me_.self(), ref_));
  }

  /// Nothing: the time is up.
  std::optional<exit_reason> wait(std::optional<std::chrono::milliseconds> limit) {
    me_.await_reply(ref_);
    std::optional<wait_limit> until;
    if (limit) {
      until.emplace(*limit);
    } else {
      until.emplace();
    }
    envelope* said = me_.wait_for_answer(ref_, place_, *until);
    if (said == nullptr) return std::nullopt;
    auto& what = said->as<ending>();
    if (what.orphans != nullptr) me_.orphans_of(target_, what.orphans);
    exit_reason reason = std::move(what.reason);
    discard(said);
    return reason;
  }

 private:
  control_block& me_;
  pid target_;
  reference ref_ = reference::make();
  envelope** place_ = nullptr;
};

// Tells `orphan` how long it has, before the exit signal of `custodian` comes; its time begins when it hears of it.
void hurry(pid custodian, pid orphan, std::chrono::milliseconds time, bool is_known) {
  const auto begin = [custodian, time, is_known](control_block& me) {
    if (!me.has_body() || !(is_known || me.parent() == custodian)) return;
    const auto over = [custodian, orphan = me.self(), time] {
      report(log_level::warning, orphan,
             fmt::format("had not ended {} ms after {}, which had supervised it: killed", time.count(),
                         to_string(custodian)));
      post(make_ending(orphan, envelope_kind::exit, pid{}, {}, exit_reason::kill()));
    };
    try {
      start_timer(time, me.self(), over);
    } catch (const std::bad_alloc&) {
      // Then it has for ever.
      return;
    }
  };
  post(make_envelope<std::function<void(control_block&)>>(orphan, envelope_kind::inspect, pid{}, reference{}, begin));
}

}  // namespace

void become_custodian(std::size_t children) {
  control_block& me = control_block::current();
  me.expect_links(children);
  me.answer_for_linked();
  me.observe_children(true);
}

void child_is_kept_at(const void* entry) {
  control_block::current().child_entry(entry);
}

void observe_children(bool yes) {
  control_block::current().observe_children(yes);
}

void leave_orphans(const std::function<std::optional<time_to_end>(pid)>& time_of) noexcept {
  control_block& me = control_block::current();
  if (me.link_count() < 2) return;  // nobody but its parent
  try {
    for (const pid each : me.links()) {
      if (each == me.parent()) continue;
      const std::optional<time_to_end> known = time_of(each);
      if (known) me.awaited_orphans().push_back(each);
      if (const time_to_end time = known.value_or(default_time_to_end))
        hurry(me.self(), each, *time, known.has_value());
    }
  } catch (const std::bad_alloc&) {
    // Who is not told has for ever.
    return;
  }
}

std::vector<pid> take_orphans_of(pid ended) {
  const auto taken = control_block::current().take_orphans_of(ended);
  return taken != nullptr ? *taken : std::vector<pid>{};
}

struct early_ends::state {
  envelope** seen_to;  // what lies before has been looked at
  boost::unordered_flat_map<pid, exit_reason, slot_hash> found;
};

early_ends::early_ends(std::function<bool(pid)> is_of_group) : is_of_group_{std::move(is_of_group)} {}

early_ends::~early_ends() = default;

// While it lives, nobody takes anything out of what has been looked at: so the link stays where it is.
std::optional<exit_reason> early_ends::take(pid ended) {
  control_block& me = control_block::current();
  if (state_ == nullptr) state_ = std::make_unique<state>(state{me.start_of_queue(), {}});
  envelope**& link = state_->seen_to;
  while (*link != nullptr) {
    if (*(*link)->type == message_type_of<exit_signal>) {
      const auto& signal = (*link)->as<exit_signal>();
      // Of two from one, the second is a signal like any other.
      if ((signal.sender == ended || is_of_group_(signal.sender)) &&
          state_->found.try_emplace(signal.sender, signal.reason).second) {
        discard(me.unlink_message(link));
        continue;
      }
    }
    link = &(*link)->next;
  }
  const auto found = state_->found.find(ended);
  if (found == state_->found.end()) return std::nullopt;
  exit_reason reason = std::move(found->second);
  state_->found.erase(found);
  return reason;
}

exit_reason end_process(pid target, const exit_reason& first, std::optional<std::chrono::milliseconds> limit,
                        early_ends* early) {
  control_block& me = control_block::current();
  me.begin_to_end(target, first);
  std::optional<exit_reason> reason;
  if (limit) {
    wait_limit grace{*limit};
    reason = me.wait_for_end(grace);
    if (!reason) signal_exit(me, target, exit_reason::kill());
  }
  if (!reason) {
    wait_limit never;
    reason = me.wait_for_end(never);
  }
  // It had ended before, and its exit signal is in the queue.
  if (*reason == exit_reason::noproc()) {
    if (auto signalled = early != nullptr ? early->take(target) : take_exit_signal(me, target)) return *signalled;
  }
  return *reason;
}

void await_orphans(const std::vector<pid>& orphans) {
  std::vector<pid>& awaited = control_block::current().awaited_orphans();
  awaited.insert(awaited.end(), orphans.begin(), orphans.end());
  if (awaited.empty()) return;
  // Until it has ended, each stays where others may have to be told of it. One that is there twice has ended then.
  while (!awaited.empty()) {
    const pid next = awaited.back();
    await_end(next, std::nullopt);
    awaited.pop_back();
    for (const pid more : take_orphans_of(next)) awaited.push_back(more);
  }
  std::vector<pid>{}.swap(awaited);
}

void await_orphans_of(pid ended) {
  await_orphans(take_orphans_of(ended));
}

void await_end(pid target, std::optional<std::chrono::milliseconds> limit) {
  control_block& me = control_block::current();
  watch of{me, target};
  if (of.wait(limit)) return;
  signal_exit(me, target, exit_reason::kill());
  of.wait(std::nullopt);
}

void make_act(pid target, std::function<void()> what) {
  post(make_envelope<std::function<void(control_block&)>>(target, envelope_kind::inspect, pid{}, reference{},
                                                          [what = std::move(what)](control_block& me) {
                                                            if (me.has_body()) me.body().act(me, what);
                                                          }));
}

void make_end(pid target, exit_reason reason) {
  post(make_envelope<std::function<void(control_block&)>>(target, envelope_kind::inspect, pid{}, reference{},
                                                          [reason = std::move(reason)](control_block& me) {
                                                            // While its body is being destroyed it is ending anyway.
                                                            if (me.has_body()) me.body().end_by_itself(me, reason);
                                                          }));
}

void unwind_if_killed() {
  control_block& me = control_block::current();
  me.fetch_if_any();
  me.check_for_end();
}

bool is_busy(pid process) noexcept {
  auto& table = process_table::instance();
  const std::lock_guard hold{table.guard_of(process)};
  return table.is_living(process) && table.slot(process).process().is_busy();
}

// What the process keeps for that
// --------------------------------------------------------------------------------------------

void control_block::begin_to_end(pid target, const exit_reason& why) {
  process_table::instance().slot(target).fetch();  // an end takes all of it
  more().ending = target;
  extras_->word_of_end.reset();
  post(make_ending(target, envelope_kind::end, self_, {}, why));
}

std::optional<exit_reason> control_block::wait_for_end(wait_limit& limit) {
  while (!extras_->word_of_end && !limit.passed()) wait_for_arrival(limit);
  return std::exchange(extras_->word_of_end, std::nullopt);
}

void control_block::note_end(pid ended, const ending& what) {
  extras_->ending = pid{};
  extras_->word_of_end = what.reason;
  if (what.orphans != nullptr) orphans_of(ended, what.orphans);
}

void control_block::on_end(envelope* signal) {
  const pid from = signal->sender();
  if (from == parent()) {
    parent_ends_us_ = true;
  } else if (!is_ended_by(from)) {
    more().enders.push_back(from);
  }
  on_exit(signal, false);
}

bool control_block::is_ended_by(pid other) const noexcept {
  if (other == parent()) return parent_ends_us_;
  return extras_ != nullptr &&
         std::find(extras_->enders.begin(), extras_->enders.end(), other) != extras_->enders.end();
}

void control_block::orphans_of(pid ended, const std::shared_ptr<const std::vector<pid>>& orphans) {
  more().orphans.insert_or_assign(ended, orphans);
}

std::shared_ptr<const std::vector<pid>> control_block::take_orphans_of(pid ended) {
  if (extras_ == nullptr) return nullptr;
  const auto found = extras_->orphans.find(ended);
  if (found == nullptr) return nullptr;
  auto taken = std::move(*found);
  extras_->orphans.erase(ended);
  return taken;
}

}  // namespace coppice::detail
