#pragma once

// Private to lib/coppice: pulls in Boost.Container and Boost.Unordered.

#include <any>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/container/small_vector.hpp>

#include <coppice/process/ancestry.hpp>
#include <coppice/process/ending.hpp>
#include <coppice/process/envelope.hpp>
#include <coppice/process/exit_reason.hpp>
#include <coppice/process/fault_injector.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/process/process_body.hpp>
#include <coppice/process/process_table.hpp>
#include <coppice/process/reference.hpp>
#include <coppice/process/send.hpp>
#include <coppice/process/small_table.hpp>
#include <coppice/process/unwinding.hpp>
#include <coppice/process/wait_limit.hpp>
#include <coppice/scheduling/runtime.hpp>

namespace coppice::detail {

/// Pids that are mostly so few that they need no heap.
using few_pids = boost::container::small_vector<pid, 8>;

/// How a process is begun, beside its body.
struct beginning {
  std::shared_ptr<const ancestry> ancestors;
  std::string_view initial_call;  // must live for ever
  std::uint32_t stack_size = 0;   // 0: the default
  bool observed = false;          // its end is told to the runtime's observer, and a fault injector may harm it
  const void* entry = nullptr;    // see `child_entry`
};

/// The control block of a process: everything that the process is, but for its body and its stack.
///
/// Its fields are changed by the process itself only, on whichever thread it has its turn; signals are how others make
/// it do so. What others may read while it runs is atomic, and is read under the table's guard, so that it is still
/// there.
///
/// What each turn and each message passes is defined together, in control_block.cpp, so that it may be inlined; all
/// else with its subject: links in link.cpp, monitors in monitor.cpp, its own end in ending.cpp, those whose ends it
/// sees to in custody.cpp, faults in fault_hooks.cpp, what it tells of itself in process_info.cpp.
class control_block final : public scheduling::runnable {
 public:
  enum class status : std::uint8_t { runnable, running, waiting, exiting };

  control_block(pid self, beginning&& how, std::unique_ptr<process_body> body);
  ~control_block();

  /// The process that is running here; throws std::logic_error outside one.
  static control_block& current();
  /// Who lies where a process lay that was seen on a thread: maybe another one by now, or nobody. Any thread.
  static pid who_is_at(const scheduling::runnable* place) noexcept {
    const auto life = static_cast<const control_block*>(place)->slot().life.load(std::memory_order_acquire);
    return pid::from_value(life & ~ending_mark);
  }
  static control_block* current_or_null() noexcept;

  // Turns
  // ---------------------------------------------------------------------------------------------------------------

  turn_result take_turn() override;
  bool commit_park() noexcept override;
  void wake_elsewhere() noexcept override;
  void wake() noexcept;

  // Waiting: only for the process itself
  // --------------------------------------------------------------------------------

  /// Takes what has arrived: acts on signals, appends messages to the queue.
  void fetch() { take_in(take_arrived()); }
  void fetch_if_any() {
    if (has_arrivals()) fetch();
  }
  // For a server, between messages. While there are some in the queue, what arrives stays where it is, and only signals
  // are looked for; while there are none, one that has come alone need not go through the queue.
  bool has_arrivals() const noexcept { return slot().inbox.load(std::memory_order_relaxed) != inbox_empty; }
  bool has_signal() const noexcept { return slot().has_signal.load(std::memory_order_acquire); }
  /// The message that has come alone, while the queue is empty and something has arrived. Null: there is more to be
  /// seen to, by `fetch`.
  [[gnu::always_inline]] envelope* take_lone_message() noexcept {
    std::atomic<envelope*>& inbox = slot().inbox;
    envelope* arrived = inbox.load(std::memory_order_acquire);
    if (arrived->next != nullptr || !is_message_for_us(*arrived)) [[unlikely]] {
      return nullptr;
    }
    // In one order with who counts what is there.
    if (!inbox.compare_exchange_strong(arrived, inbox_empty)) [[unlikely]] {
      return nullptr;
    }
    let_onlookers_finish();
    return arrived;
  }
  /// From now on the body fetches, at the beginning of each turn.
  void body_fetches() noexcept { turns_fetch_ = false; }

  /// Suspends the process until something has arrived or the time is up, then fetches. False: an exit signal has ended
  /// the process, and its stack has to be unwound now.
  [[nodiscard]] bool await_arrival(wait_limit& limit);
  /// The same without an end of the time.
  [[nodiscard]] bool await_arrival();
  /// Unwinds the stack itself.
  void wait_for_arrival(wait_limit& limit);

  /// Whether an exit signal has ended the process, and its stack has to be unwound now. Not while an exception is in
  /// flight.
  [[nodiscard]] bool is_to_unwind() {
    if (has_fatal_) [[unlikely]] {
      return begins_unwinding();
    }
    return false;
  }
  /// Does so. Always inline, for one frame less between here and the handler.
  [[gnu::always_inline]] void check_for_end() {
    if (is_to_unwind()) [[unlikely]] {
      unwind();
    }
  }

  /// Suspends the process until `posted` (a reference that somebody puts into a `wake` signal) has come, whatever else
  /// arrives: exit signals act afterwards.
  void wait_for_wake(reference posted);

  /// Counts work, and lets others have their turn when the budget is spent. A fiber's process only.
  void count_reduction() {
    if (spend_reduction()) [[unlikely]] {
      make_way();
    }
  }
  /// Lets others have their turn.
  void make_way();
  bool spend_reduction() noexcept {  // true: the budget is spent
    reductions_.store(reductions_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return --budget_ == 0;
  }
  void renew_budget() noexcept { budget_ = full_budget; }

  // The queue of messages
  // -----------------------------------------------------------------------------------------------

  envelope* first_message() noexcept { return queue_; }
  /// The link that will hold the next message to arrive: where a scan for news begins.
  envelope** end_of_queue() noexcept { return queue_end_; }
  envelope** start_of_queue() noexcept { return &queue_; }
  envelope* unlink_message(envelope** link) noexcept {
    envelope* taken = *link;
    *link = taken->next;
    if (queue_end_ == &taken->next) queue_end_ = link;
    taken->next = nullptr;
    queued_.store(queued_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    return taken;
  }
  envelope* take_first_message() noexcept { return unlink_message(&queue_); }
  void append(envelope* message) noexcept {
    message->next = nullptr;
    *queue_end_ = message;
    queue_end_ = &message->next;
    queued_.store(queued_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }

  /// Waits for the `reply` to, or the `down` of, `asked`, among what lies behind `link`, and takes it out of the queue.
  /// Null: the time is up. `await_reply(asked)` and `end_of_queue()` come before the question is sent.
  envelope* wait_for_answer(reference asked, envelope** link, wait_limit& limit);

  // Signals
  // -------------------------------------------------------------------------------------------------------------

  void link_to(pid other);
  void unlink_from(pid other);
  bool is_linked_to(pid other) const;
  /// Makes room for so many, if that is worth it.
  void expect_links(std::size_t many);
  reference monitor(pid target, std::string name);
  bool demonitor(reference of, bool flush);
  void set_trap_exit(bool on) noexcept { trap_exit_.store(on, std::memory_order_relaxed); }
  bool traps_exit() const noexcept { return trap_exit_.load(std::memory_order_relaxed); }

  /// Both ends of a link, or of a monitor, before the new process has run.
  void begin_linked(control_block& child);
  reference begin_monitored(control_block& child);
  void forget_unborn(pid child) noexcept;

  /// From now on its end tells who was linked to it then.
  void answer_for_linked() noexcept { answers_for_linked_ = true; }
  /// At its next wait it unwinds with this reason, as if it had called `exit`.
  void end_with(exit_reason reason) noexcept {
    if (has_fatal_) return;
    fatal_ = std::move(reason);
    has_fatal_ = true;
    fetch_entry();
  }

  /// By itself, for that reason, when its turn is over; unless an exit signal has ended it.
  void ends_with(exit_reason reason) noexcept {
    if (!has_fatal_) fatal_ = std::move(reason);
  }

  /// In a `receive` it calls `what`, before it waits on.
  void act_at_next_wait(std::function<void()> what);
  /// Does so, if there is anything to be done. The queue may be another one then.
  bool act() { return extras_ != nullptr && !extras_->acts.empty() && act_now(); }

  /// Sends the exit signal `why`, and asks for word of the end: an exit signal over a link is word enough, and goes
  /// into no queue then. One end at a time.
  void begin_to_end(pid target, const exit_reason& why);
  /// Waits for that word: the reason of the end, or `noproc`. Nothing: the time is up.
  std::optional<exit_reason> wait_for_end(wait_limit& limit);

  /// Who was still linked to `ended` (which answered for them) when its exit signal or DOWN came. Given once.
  std::shared_ptr<const std::vector<pid>> take_orphans_of(pid ended);
  void orphans_of(pid ended, const std::shared_ptr<const std::vector<pid>>& orphans);
  /// Those that it is waiting for: if it ends before they do, whoever is told of its end has to go on waiting.
  std::vector<pid>& awaited_orphans() { return more().awaited_orphans; }
  /// Its server has reported the end that is coming.
  void end_is_reported() noexcept { reported_ = true; }
  /// Where it keeps what it knows of the child that it is about to start: to be in the cache when that child's end is
  /// heard of. Null: no child of which that is known.
  void child_entry(const void* at) noexcept {
    if (extras_ != nullptr) extras_->child_entry = at;
  }
  const void* child_entry() const noexcept { return extras_ != nullptr ? extras_->child_entry : nullptr; }
  /// What it starts is reported to the runtime's observer.
  void observe_children(bool yes) noexcept { observes_children_ = yes; }
  bool observes_children() const noexcept { return observes_children_; }

  // Calls
  // ---------------------------------------------------------------------------------------------------------------

  /// Only the reply with this reference is let into the queue; any other is too late (S63).
  void await_reply(reference ref) noexcept { awaited_ = ref; }
  reference awaited() const noexcept { return awaited_; }
  /// The call it is answering now: if it ends, that call fails with its exit reason (S64).
  void answering(pid caller, reference ref) noexcept {
    caller_ = caller;
    call_ = ref;
  }
  /// Its handler has returned: if it has not been answered, it will be later, by whomever.
  void end_answering() {
    if (call_) keep_call();
  }
  /// A call is answered: its caller needs no word of our end any more.
  void answered(reference ref) noexcept {
    if (call_ == ref) {
      call_ = {};
    } else {
      forget_call(ref);
    }
  }
  void forget_call(reference ref) noexcept;
  /// The questions that it has still to answer: those that have arrived, the one it is handling, and those it keeps for
  /// later; also monitors of it. For who can be sure that it does not run.
  void append_questions(std::vector<reference>& to) const;

  // Faults: only for the process itself
  // ---------------------------------------------------------------------------------------

  /// It has come to that point, where the runtime's fault injector may harm it.
  void at(fault_point point, std::string_view what = {}) {
    if (may_be_harmed_) [[unlikely]] {
      meet_injector(point, what);
    }
  }
  bool may_be_harmed() const noexcept { return may_be_harmed_; }
  /// Whether the injector lets the allocation fail that it is about to make.
  bool fails_allocation() noexcept;

  /// While it lives, the process is not harmed: the injector is at work, or what it does must not be left half done.
  class spared {
   public:
    explicit spared(control_block& whom) noexcept : whom_{whom}, before_{std::exchange(whom.may_be_harmed_, false)} {}
    spared(const spared&) = delete;
    spared& operator=(const spared&) = delete;
    ~spared() { whom_.may_be_harmed_ = before_; }

   private:
    control_block& whom_;
    bool before_;
  };

  /// A supervisor started it. Any thread, under the table's guard.
  bool is_observed() const noexcept { return observed_; }

  // What it is
  // ----------------------------------------------------------------------------------------------------------

  pid self() const noexcept { return self_; }
  pid parent() const noexcept { return ancestors_ != nullptr ? ancestors_->parent : pid{}; }
  std::shared_ptr<const ancestry> ancestry_for_children();
  process_body& body() noexcept { return *body_; }
  bool has_body() const noexcept { return body_ != nullptr && !finishing_; }
  /// What it ends with, as soon as it can; null: nothing so far.
  const exit_reason* fatal() const noexcept { return has_fatal_ ? &fatal_ : nullptr; }

  /// A thread of the user's is a process while it holds a thread_process.
  void begin_on_thread() noexcept;
  void end_on_thread() noexcept;

  /// Its last act: destroys the body, frees the name, tells links and monitors, leaves the table. `*this` is gone then.
  void finish() noexcept;

  void has_timers() noexcept { has_timers_.store(true, std::memory_order_relaxed); }
  std::map<std::string, std::any>& dictionary();
  const std::map<std::string, std::any>* dictionary_if_any() const noexcept;

  status state() const noexcept { return status_.load(std::memory_order_relaxed); }
  std::uint64_t reductions() const noexcept { return reductions_.load(std::memory_order_relaxed); }
  /// Messages that it has looked at and not taken.
  std::size_t queued() const noexcept { return queued_.load(std::memory_order_relaxed); }
  /// Those, and the ones that have arrived since. Any thread, under the table's guard; the owner may have to wait.
  std::size_t message_queue_len() const noexcept;
  const message_type* current_message() const noexcept { return current_message_.load(std::memory_order_relaxed); }
  void handles(const message_type* type) noexcept { current_message_.store(type, std::memory_order_relaxed); }
  /// Of a server: whether it is handling something, or beginning.
  bool is_busy() const noexcept { return busy_.load(std::memory_order_relaxed); }
  void is_busy(bool yes) noexcept { busy_.store(yes, std::memory_order_relaxed); }
  std::string_view initial_call() const noexcept { return initial_call_; }
  const std::shared_ptr<const ancestry>& ancestors() const noexcept { return ancestors_; }
  few_pids links() const;
  /// Ends of links, also such as are being unlinked; monitors, of others and by others. Any thread, under the table's
  /// guard.
  std::size_t link_count() const noexcept { return link_count_.load(std::memory_order_relaxed); }
  std::size_t monitor_count() const noexcept { return monitor_count_.load(std::memory_order_relaxed); }
  std::size_t watcher_count() const noexcept { return watcher_count_.load(std::memory_order_relaxed); }
  struct monitored {
    pid process;
    std::string name;
  };
  std::vector<monitored> monitors() const;
  std::vector<pid> monitored_by() const;
  /// Bytes held for it: control block, tables, body, queue, stack pages in use. By the process itself.
  std::size_t memory() const;

 private:
  using watcher_map = small_table<reference, pid>;
  using link_map = small_table<pid, std::uint64_t, slot_hash>;
  using monitor_map = small_table<reference, monitored>;

  // How a thread of the user's waits.
  struct thread_wait {
    std::mutex lock;
    std::condition_variable woken;
    bool is_woken = false;
  };

  // What most processes have none of.
  struct extras : pooled_object {
    watcher_map watchers;  // who monitors us, or waits for our late reply
    monitor_map monitors;  // whom we monitor
    std::map<std::string, std::any> dictionary;
    std::shared_ptr<const ancestry> for_children;
    const void* child_entry = nullptr;
    small_table<pid, std::shared_ptr<const std::vector<pid>>> orphans;
    std::vector<pid> awaited_orphans;
    pid ending;                               // whom it ends
    std::optional<exit_reason> word_of_end;   // what came of that
    std::vector<pid> enders;                  // who ends us, beside our parent
    std::vector<std::function<void()>> acts;  // what it is to do in its next `receive`
    bool is_acting = false;
    // What asks for word of us and came after the exit signal that ends us: answered with `noproc`, at the end.
    std::vector<envelope*> asked_late;
    std::unique_ptr<thread_wait> thread;
  };

  static constexpr std::uint16_t full_budget = 1000;
  // An active link; any other value is the number of an unlink that has not been acknowledged yet.
  static constexpr std::uint64_t active_link = 0;

  // It always lies in its slot: no need to ask the table where that is.
  process_slot& slot() const noexcept {
    auto* const here = reinterpret_cast<std::byte*>(const_cast<control_block*>(this));
    return *reinterpret_cast<process_slot*>(here - offsetof(process_slot, block));
  }
  // The newest of what has arrived; null: nothing has. Inline: each message passes here.
  [[gnu::always_inline]] envelope* take_arrived() noexcept {
    process_slot& here = slot();
    // Before the inbox is emptied: who puts a signal there from now on says so again.
    if (here.has_signal.load(std::memory_order_relaxed)) [[unlikely]] {
      here.has_signal.store(false, std::memory_order_relaxed);
    }
    envelope* const newest = take_all(here.inbox, inbox_empty);
    let_onlookers_finish();
    return newest;
  }
  // Who counts what is in the inbox has to be done before any of it changes.
  [[gnu::always_inline]] void let_onlookers_finish() const noexcept {
    if (onlookers_.load() != 0) [[unlikely]] {
      wait_for_onlookers();
    }
  }
  void wait_for_onlookers() const noexcept;
  void take_in(envelope* newest);
  bool is_message_for_us(const envelope& arrived) const noexcept {
    return !ended_by_signal_ && arrived.to == self_.value() && is_message(arrived.kind());
  }
  void fetch_entry() const noexcept {
    // Two lines, at most. (To fetch from nowhere takes a walk through the tables of pages, which nobody remembers.)
    if (entry_ == nullptr) return;
    __builtin_prefetch(entry_);
    __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<std::uintptr_t>(entry_) + 64));
  }
  // A number that only its owner changes, and others read.
  static void add(std::atomic<std::uint32_t>& counted, int change) noexcept {
    counted.store(counted.load(std::memory_order_relaxed) + static_cast<std::uint32_t>(change),
                  std::memory_order_relaxed);
  }
  extras& more();
  watcher_map& watchers() { return more().watchers; }
  std::uint64_t* find_link(pid other) noexcept;
  void set_link(pid other, std::uint64_t state);
  void erase_link(pid other) noexcept;

  bool can_meet_injector() const noexcept;
  void meet_injector(fault_point point, std::string_view what);
  void suspend();
  void suspend_thread();
  // The two halves of `await_arrival`; false as there.
  [[nodiscard]] bool begin_wait(wait_limit& limit);
  [[nodiscard]] bool end_wait(wait_limit& limit);
  void act_on(envelope* arrived);
  void on_exit(envelope* signal, bool linked);
  void on_link(envelope* signal);
  void on_unlink(envelope* signal);
  void on_unlink_ack(envelope* signal);
  void on_end(envelope* signal);
  void note_end(pid ended, const ending& what);
  bool is_ended_by(pid other) const noexcept;
  void on_down(envelope* signal);
  void on_reply(envelope* arrived);
  std::shared_ptr<const std::vector<pid>> those_left(std::vector<pid> linked);
  bool is_child(pid other) const noexcept;
  void tell_ancestors(const std::shared_ptr<const std::vector<pid>>& orphans);
  bool begins_unwinding();
  bool act_now();
  void keep_call();
  [[noreturn]] void abandon();
  process_body::turn run_body();
  bool has_ended_before_turn();
  bool come_to_rest() noexcept;
  void tell_of_end(const exit_reason& reason) noexcept;

  const pid self_;
  std::shared_ptr<const ancestry> ancestors_;  // the nearest is the parent
  const void* const entry_;                    // where the parent keeps what it knows of us, or did: only to be fetched
  std::unique_ptr<process_body> body_;
  envelope* queue_ = nullptr;
  envelope** queue_end_ = &queue_;
  std::unique_ptr<extras> extras_;
  // The first link lies here: most workers have one, to their supervisor.
  pid first_link_;
  std::uint64_t first_link_state_ = active_link;
  std::unique_ptr<link_map> links_;
  exit_reason fatal_;  // if an exit signal has ended it; else what it ends with by itself: `normal`, until it says so
  reference awaited_;
  reference awaited_wake_;
  pid caller_;
  reference call_;
  std::string_view initial_call_;
  std::atomic<std::uint64_t> reductions_{0};
  std::atomic<const message_type*> current_message_{nullptr};
  std::atomic<std::uint32_t> queued_{0};
  mutable std::atomic<std::uint16_t> onlookers_{0};  // threads that count what is in the inbox
  std::uint16_t budget_ = full_budget;
  // What is in its tables, for those who count from outside.
  std::atomic<std::uint32_t> link_count_{0};
  std::atomic<std::uint32_t> monitor_count_{0};
  std::atomic<std::uint32_t> watcher_count_{0};
  std::atomic<status> status_{status::runnable};
  std::atomic<bool> trap_exit_{false};
  std::atomic<bool> has_timers_{false};
  std::atomic<bool> busy_{false};
  const bool observed_;
  bool may_be_harmed_;  // observed, and there is a fault injector
  std::uint8_t unwound_ = 0;
  // Nobody else looks at these. What a turn asks first comes first: it is asked at once.
  bool abandoned_ : 1 = false;
  bool turns_fetch_ : 1 = true;
  bool has_fatal_ : 1 = false;
  bool observes_children_ : 1 = false;
  bool answers_for_linked_ : 1 = false;
  bool finishing_ : 1 = false;  // what it held is being destroyed: a wait in a destructor must not throw
  bool reported_ : 1 = false;
  bool ended_by_signal_ : 1 = false;
  bool parent_ends_us_ : 1 = false;  // and wants word of it
  bool woken_ : 1 = false;           // the awaited wake has come
};

/// Delivers, now or later, or gives the signal the answer that it gets from a process that is not there.
inline void post(envelope* sent) noexcept {
  deliver(sent);
}

}  // namespace coppice::detail
