#include <algorithm>
#include <chrono>
#include <vector>

#include <coppice/process/control_block.hpp>
#include <coppice/process/delay_lines.hpp>
#include <coppice/process/process_runtime.hpp>

namespace coppice::detail {

namespace {

// Only what a supervisor started is harmed. Who has ended, or was never there, is told so at once.
bool may_be_delayed(pid to) noexcept {
  auto& table = process_table::instance();
  const std::lock_guard hold{table.guard_of(to)};
  return table.is_living(to) && table.slot(to).process().is_observed();
}

// What one sends to oneself travels nowhere; a `wake` is the end of a wait, which is late already. The answer that a
// process gives itself for one that is gone comes from there, behind what that one had sent.
bool is_under_way_at_all(const envelope& sent) noexcept {
  if (sent.kind() == envelope_kind::wake) return false;
  const control_block* const me = control_block::current_or_null();
  const bool is_from_another = sent.sender() && sent.sender() != sent.receiver();
  return me == nullptr || me->self() != sent.receiver() || is_from_another;
}

}  // namespace

bool delay_lines::dispatch(envelope* sent, fault_injector& asked) noexcept {
  const pid to = sent->receiver();
  shard& home = shard_of(to);
  std::chrono::nanoseconds delay{0};
  if (!released_.load(std::memory_order_acquire) && may_be_delayed(to)) delay = asked.delay(to);
  const bool is_late = delay > delay.zero();
  // A line goes when all that was in it has arrived. So a sender who sees none has nothing under way that he could
  // overtake.
  if (!is_late && home.count.load(std::memory_order_acquire) == 0) return process_table::push(sent);
  {
    const std::lock_guard hold{home.lock};
    auto found = home.lines.find(to);
    const bool is_first = found == home.lines.end();
    if (!is_first || (is_late && !released_.load(std::memory_order_relaxed))) {
      if (is_first) {
        found = home.lines.try_emplace(to).first;
        home.count.fetch_add(1, std::memory_order_release);
      }
      auto& under_way = found->second.under_way;
      auto due = engine_.deadline_after(std::max(delay, delay.zero()));
      if (!under_way.empty()) due = std::max(due, under_way.back().due);
      under_way.push_back({due, sent});
      if (is_first) start_timer(to, found->second);
      return true;
    }
  }
  return process_table::push(sent);
}

void delay_lines::start_timer(pid to, line& of) {
  of.next = engine_.start_timer(of.under_way.front().due, [this, to] { arrive(to); });
}

void delay_lines::arrive(pid to) {
  shard& home = shard_of(to);
  std::vector<envelope*> refused;
  {
    const std::lock_guard hold{home.lock};
    const auto found = home.lines.find(to);
    if (found == home.lines.end()) return;
    auto& under_way = found->second.under_way;
    const auto now = engine_.now();
    while (!under_way.empty() && under_way.front().due <= now) {
      envelope* const arrived = under_way.front().sent;
      under_way.pop_front();
      if (!process_table::push(arrived)) refused.push_back(arrived);
    }
    if (under_way.empty()) {
      home.lines.erase(found);
      home.count.fetch_sub(1, std::memory_order_release);
    } else {
      start_timer(to, found->second);
    }
  }
  // What is answered may be under way itself, so not under the lock.
  for (envelope* each : refused) turn_away_for_dead(each);
}

void delay_lines::release() noexcept {
  released_.store(true, std::memory_order_release);
  for (shard& home : shards_) {
    std::vector<envelope*> refused;
    {
      const std::lock_guard hold{home.lock};
      for (auto& [to, of] : home.lines) {
        engine_.cancel_timer(of.next);
        for (const arrival& each : of.under_way) {
          if (!process_table::push(each.sent)) refused.push_back(each.sent);
        }
      }
      home.lines.clear();
      home.count.store(0, std::memory_order_release);
    }
    for (envelope* each : refused) turn_away_for_dead(each);
  }
}

std::size_t delay_lines::count() {
  std::size_t sum = 0;
  for (const shard& home : shards_) sum += home.count.load(std::memory_order_relaxed);
  return sum;
}

bool delay_lines::is_under_way_to(pid to) {
  shard& of = shard_of(to);
  if (of.count.load(std::memory_order_relaxed) == 0) return false;
  const std::lock_guard hold{of.lock};
  return of.lines.contains(to);
}

bool dispatch_with_delay(envelope* sent) noexcept {
  process_runtime* const runtime = running_runtime_or_null();
  if (runtime == nullptr || runtime->options.faults == nullptr || !is_under_way_at_all(*sent)) {
    return process_table::push(sent);
  }
  return runtime->delays.dispatch(sent, *runtime->options.faults);
}

}  // namespace coppice::detail
