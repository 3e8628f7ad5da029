#include <exception>
#include <functional>
#include <stdexcept>
#include <thread>

#include <coppice/process/caught.hpp>
#include <coppice/process/control_block.hpp>
#include <coppice/process/delay_lines.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/log.hpp>
#include <coppice/process/process_runtime.hpp>
#include <coppice/process/signals.hpp>

namespace coppice::detail {

namespace {

// Of a thread of the user's, which a process never leaves: its address may be kept.
thread_local control_block* process_of_thread = nullptr;

// How often code may swallow the unwinding of its stack before it is left where it stands.
constexpr std::uint8_t patience = 3;

}  // namespace

void deliver(envelope* sent) noexcept {
  if (!dispatch(sent)) turn_away_for_dead(sent);
}

control_block::control_block(pid self, beginning&& how, std::unique_ptr<process_body> body)
    : runnable{how.stack_size},
      self_{self},
      ancestors_{std::move(how.ancestors)},
      entry_{how.entry},
      body_{std::move(body)},
      initial_call_{how.initial_call},
      observed_{how.observed},
      may_be_harmed_{how.observed && faults_are_injected.load(std::memory_order_relaxed)} {}

control_block::~control_block() = default;

control_block* control_block::current_or_null() noexcept {
  if (scheduling::runnable* running = scheduling::runtime::running()) return static_cast<control_block*>(running);
  return process_of_thread;
}

control_block& control_block::current() {
  if (control_block* running = current_or_null()) return *running;
  throw std::logic_error{
      "coppice: this function speaks of the calling process, and this thread is none; call it inside coppice::run, in "
      "a spawned process, or while the thread holds a coppice::thread_process"};
}

control_block::extras& control_block::more() {
  if (extras_ == nullptr) extras_ = std::make_unique<extras>();
  return *extras_;
}

std::shared_ptr<const ancestry> control_block::ancestry_for_children() {
  auto& shared = more().for_children;
  if (shared == nullptr) shared = ancestry::of_children(self_, ancestors_);
  return shared;
}

// Turns
// -------------------------------------------------------------------------------------------------------------------

void control_block::wake() noexcept {
  // Its turn begins there, and it may have rested for long.
  __builtin_prefetch(body_.get());
  if (!scheduling::runtime::wake_quickly(*this)) running_runtime().engine.wake(*this);
}

void control_block::wake_elsewhere() noexcept {
  thread_wait& thread = *extras_->thread;
  const std::lock_guard hold{thread.lock};
  thread.is_woken = true;
  thread.woken.notify_one();
}

bool control_block::commit_park() noexcept {
  if (abandoned_) [[unlikely]] {
    forsake_fiber();
    return false;
  }
  return come_to_rest();
}

[[gnu::always_inline]] inline bool control_block::come_to_rest() noexcept {
  status_.store(status::waiting, std::memory_order_relaxed);
  envelope* expected = inbox_empty;
  // From here on, if it succeeds, a push may wake it on another thread.
  if (slot().inbox.compare_exchange_strong(expected, inbox_idle, std::memory_order_acq_rel)) [[likely]] {
    return true;
  }
  status_.store(status::runnable, std::memory_order_relaxed);
  return false;
}

// Inline: each message that a server handles passes here.
[[gnu::always_inline]] inline process_body::turn control_block::run_body() {
  try {
    return body_->run(*this);
  } catch (const exit_exception& caught) {
    ends_with(caught.reason);  // as below, without another throw
  } catch (...) {
    if (!is_unwinding()) ends_with(reason_of_caught());
  }
  return process_body::turn::ended;
}

// What is not usual before a turn.
[[gnu::noinline]] bool control_block::has_ended_before_turn() {
  if (abandoned_) {
    ends_with(exit_reason::killed());
    return true;
  }
  if (turns_fetch_) fetch_if_any();
  return has_fatal_;
}

scheduling::runnable::turn_result control_block::take_turn() {
  for (;;) {
    status_.store(status::running, std::memory_order_relaxed);
    auto result = process_body::turn::ended;
    if (!(abandoned_ || turns_fetch_ || has_fatal_) || !has_ended_before_turn()) [[likely]] {
      result = run_body();
    }
    if (result == process_body::turn::rests) [[likely]] {
      if (come_to_rest()) [[likely]] {
        return turn_result::rests;
      }
    } else if (result == process_body::turn::ended) {
      finish();
      return turn_result::ended;
    } else {
      renew_budget();
      status_.store(status::runnable, std::memory_order_relaxed);
      return turn_result::again;
    }
  }
}

// Inline, as all that lies between a wait and the switch to another fiber: each return after the switch is one that the
// processor has not foreseen.
[[gnu::always_inline]] inline void control_block::suspend() {
  if (!runs_elsewhere()) [[likely]] {
    running_runtime().engine.park();
  } else {
    suspend_thread();
  }
  status_.store(status::running, std::memory_order_relaxed);
}

void control_block::suspend_thread() {
  if (!commit_park()) return;
  thread_wait& thread = *extras_->thread;
  std::unique_lock hold{thread.lock};
  thread.woken.wait(hold, [&thread] { return thread.is_woken; });
  thread.is_woken = false;
}

[[gnu::always_inline]] inline bool control_block::begin_wait(wait_limit& limit) {
  if (is_to_unwind()) return false;
  if (limit.is_limited_ && !limit.is_started()) [[likely]] {
    limit.to_ = self_;
    limit.token_ = reference::make();
    running_runtime().engine.start_deferred(limit);
  }
  awaited_wake_ = limit.token_;
  woken_ = false;
  suspend();
  renew_budget();
  return true;
}

bool control_block::end_wait(wait_limit& limit) {
  if (woken_) limit.passed_ = true;
  awaited_wake_ = {};
  return !is_to_unwind();
}

bool control_block::await_arrival() {
  if (is_to_unwind()) return false;
  suspend();
  renew_budget();
  fetch();
  return !is_to_unwind();
}

bool control_block::await_arrival(wait_limit& limit) {
  if (!begin_wait(limit)) return false;
  fetch();
  return end_wait(limit);
}

void control_block::wait_for_arrival(wait_limit& limit) {
  if (!await_arrival(limit)) unwind();
}

void control_block::act_at_next_wait(std::function<void()> what) {
  more().acts.push_back(std::move(what));
}

bool control_block::act_now() {
  if (extras_->is_acting) return false;
  // What it does may wait, and come here again: one act after the other.
  extras_->is_acting = true;
  const struct done {
    control_block& of;
    ~done() { of.extras_->is_acting = false; }
  } done{*this};
  while (!extras_->acts.empty()) {
    const auto next = std::move(extras_->acts.front());
    extras_->acts.erase(extras_->acts.begin());
    next();
  }
  return true;
}

void control_block::wait_for_wake(reference posted) {
  awaited_wake_ = posted;
  woken_ = false;
  while (!woken_) {
    suspend();
    fetch();
  }
  awaited_wake_ = {};
  check_for_end();
}

// A function of its own, so that a wait keeps as little as it can over the switch.
[[gnu::noinline]] bool control_block::begins_unwinding() {
  if (finishing_ || exceptions_in_flight() != 0) return false;
  if (unwound_++ == patience) abandon();
  return true;
}

void control_block::abandon() {
  abandoned_ = true;
  report(log_level::error, self_,
         "its code caught what was to unwind it " + std::to_string(patience) +
             " times; it is left where it stands, and its stack is lost. A `catch (...)` around a wait must rethrow");
  if (runs_elsewhere()) {
    // A thread of the user's cannot be left standing: it goes on, as no process.
    unwind();
  }
  running_runtime().engine.park();
  std::terminate();  // never resumed
}

void control_block::make_way() {
  renew_budget();
  status_.store(status::runnable, std::memory_order_relaxed);
  if (runs_elsewhere()) {
    std::this_thread::yield();
  } else {
    running_runtime().engine.yield();
  }
  status_.store(status::running, std::memory_order_relaxed);
  fetch_if_any();
  check_for_end();
}

// The queue
// ---------------------------------------------------------------------------------------------------------------

envelope* control_block::wait_for_answer(reference asked, envelope** link, wait_limit& limit) {
  for (;;) {
    for (; *link != nullptr; link = &(*link)->next) {
      const auto kind = (*link)->kind();
      if ((*link)->ref() != asked || (kind != envelope_kind::reply && kind != envelope_kind::down)) continue;
      awaited_ = {};
      return unlink_message(link);
    }
    if (limit.passed()) {
      awaited_ = {};
      return nullptr;
    }
    if (!begin_wait(limit)) unwind();
    envelope* const arrived = take_arrived();
    // Mostly it comes alone, and need not go through the queue.
    const bool is_all = arrived != nullptr && arrived->next == nullptr;
    if (is_all && arrived->kind() == envelope_kind::reply && arrived->ref() == asked && asked == awaited_ &&
        arrived->to == self_.value()) [[likely]] {
      awaited_ = {};
      awaited_wake_ = {};
      return arrived;
    }
    take_in(arrived);
    if (!end_wait(limit)) unwind();
  }
}

// Signals
// -----------------------------------------------------------------------------------------------------------------

void control_block::take_in(envelope* newest) {
  // Mostly there are messages alone: they go into the queue as they are.
  envelope* arrived = newest;
  envelope* oldest = nullptr;
  std::uint32_t count = 0;
  // Senders on other processors write to the line in which `self_` lies.
  const std::uint64_t us = self_.value();
  bool all_for_queue = !ended_by_signal_;
  while (arrived != nullptr) {
    envelope* const following = arrived->next;
    arrived->fetch_what_is_ahead();
    all_for_queue = all_for_queue && arrived->to == us && is_message(arrived->kind());
    arrived->next = oldest;
    oldest = arrived;
    arrived = following;
    ++count;
  }
  if (all_for_queue && newest != nullptr) {
    *queue_end_ = oldest;
    queue_end_ = &newest->next;
    queued_.store(queued_.load(std::memory_order_relaxed) + count, std::memory_order_relaxed);
    return;
  }
  arrived = oldest;
  while (arrived != nullptr) {
    envelope* following = arrived->next;
    act_on(arrived);
    arrived = following;
  }
}

void control_block::act_on(envelope* arrived) {
  if (arrived->to != self_.value()) {
    // Meant for a predecessor in this place of the table.
    turn_away_for_dead(arrived);
    return;
  }
  if (ended_by_signal_ && asks_for_word_of_end(arrived->kind())) {
    more().asked_late.push_back(arrived);
    return;
  }
  switch (arrived->kind()) {
    case envelope_kind::message:
    case envelope_kind::cast:
    case envelope_kind::call: append(arrived); return;
    case envelope_kind::reply: on_reply(arrived); return;
    case envelope_kind::exit: on_exit(arrived, false); break;
    case envelope_kind::exit_linked: on_exit(arrived, true); break;
    case envelope_kind::end: on_end(arrived); break;
    case envelope_kind::ended:
      if (extras_ != nullptr && extras_->ending == arrived->sender()) {
        note_end(arrived->sender(), arrived->as<ending>());
      }
      break;
    case envelope_kind::link: on_link(arrived); break;
    case envelope_kind::unlink: on_unlink(arrived); break;
    case envelope_kind::unlink_ack: on_unlink_ack(arrived); break;
    case envelope_kind::monitor:
      if (watchers().insert_or_assign(arrived->ref(), arrived->sender())) add(watcher_count_, 1);
      break;
    case envelope_kind::demonitor: forget_call(arrived->ref()); break;
    case envelope_kind::down: on_down(arrived); return;
    case envelope_kind::wake:
      if (arrived->ref() == awaited_wake_) woken_ = true;
      break;
    case envelope_kind::inspect: arrived->as<std::function<void(control_block&)>>()(*this); break;
  }
  discard(arrived);
}

void control_block::on_exit(envelope* signal, bool linked) {
  const pid from = signal->sender();
  auto& what = signal->as<ending>();
  if (linked) {
    // Two look-ups that have nothing to do with each other: the memory serves both at once. (Whom it ends itself it has
    // at hand.)
    if (answers_for_linked_ && has_body() && (extras_ == nullptr || extras_->ending != from)) {
      body_->fetch_what_is_known_of(from);
    }
    const std::uint64_t* state = find_link(from);
    if (state == nullptr) {
      // Not linked, but an ancestor of one whose parent is gone: see tell_ancestors.
      if (what.orphans != nullptr && answers_for_linked_) orphans_of(from, what.orphans);
      return;
    }
    const bool was_active = *state == active_link;
    erase_link(from);
    if (!was_active) return;
    if (extras_ != nullptr && extras_->ending == from) {
      note_end(from, what);
      if (traps_exit()) return;
    }
  } else if (what.reason.is_kill()) {
    end_with(exit_reason::killed());
    ended_by_signal_ = true;
    return;
  }
  if (traps_exit()) {
    auto* message =
        make_envelope<exit_signal>(self_, envelope_kind::message, from, reference{}, exit_signal{from, what.reason});
    append(message);
    if (what.orphans != nullptr) orphans_of(from, what.orphans);
    return;
  }
  // `normal` is no reason to die of, but for one's own (S15, S17).
  if (what.reason.is_normal() && (linked || from != self_)) return;
  end_with(what.reason);
  ended_by_signal_ = true;
}

// Calls
// -------------------------------------------------------------------------------------------------------------------

void control_block::on_reply(envelope* arrived) {
  // The caller has given up, or has had its answer.
  if (arrived->ref() != awaited_) {
    discard(arrived);
    return;
  }
  awaited_ = {};  // The first answer counts (S68).
  append(arrived);
}

void control_block::keep_call() {
  if (watchers().insert_or_assign(call_, caller_)) add(watcher_count_, 1);
  call_ = {};
}

void control_block::forget_call(reference ref) noexcept {
  if (call_ == ref) call_ = {};
  if (extras_ != nullptr && extras_->watchers.erase(ref)) add(watcher_count_, -1);
}

// On a thread of the user's
// ---------------------------------------------------------------------------------------------------

void control_block::begin_on_thread() noexcept {
  runs(place::elsewhere);
  more().thread = std::make_unique<thread_wait>();
  status_.store(status::running, std::memory_order_relaxed);
  process_of_thread = this;
}

void control_block::end_on_thread() noexcept {
  process_of_thread = nullptr;
  finish();
}

}  // namespace coppice::detail
