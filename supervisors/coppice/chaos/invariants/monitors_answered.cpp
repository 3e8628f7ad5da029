#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <coppice/chaos/invariants/monitors_answered.hpp>
#include <coppice/process/envelope.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/monitor.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/process_table.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/send.hpp>
#include <coppice/process/signals.hpp>
#include <coppice/process/spawn.hpp>
#include <coppice/process/timer.hpp>

namespace coppice {

namespace {

// To the witness: somebody has started.
struct look_at_the_board {};
// To the witness, and back: all before it has been looked at.
struct are_you_done {
  pid from;
  reference ref;
};
struct done_with {
  reference ref;
};
struct go_home {};

}  // namespace

// What observers write, on whatever thread, and the witness reads and answers. Writing to it makes no allocation of the
// library's for the process that is observed: the witness hands out the message that is to wake it beforehand.
class monitors_answered::board {
 public:
  board(std::size_t most, std::chrono::nanoseconds longest_delay) : most_{most}, longest_delay_{longest_delay} {}
  board(const board&) = delete;
  board& operator=(const board&) = delete;
  ~board() {
    if (alarm_ != nullptr) detail::discard(alarm_);
  }

  void opened_by(pid witness) {
    const std::lock_guard hold{lock_};
    witness_ = witness;
    arm();
  }
  void close() {
    const std::lock_guard hold{lock_};
    witness_ = pid{};
    // It counts among the live objects.
    if (alarm_ != nullptr) detail::discard(std::exchange(alarm_, nullptr));
  }
  pid witness() const {
    const std::lock_guard hold{lock_};
    return witness_;
  }

  void started(pid process) {
    const std::lock_guard hold{lock_};
    if (!witness_ || watched_.size() >= most_) return;
    watched_.try_emplace(process);
    wanted_.push_back(process);
    if (alarm_ == nullptr) return;
    detail::envelope* const sent = std::exchange(alarm_, nullptr);
    if (!detail::process_table::instance().push(sent)) detail::discard(sent);
  }

  void ended(pid process, const exit_reason& reason, std::chrono::nanoseconds now) {
    const std::lock_guard hold{lock_};
    const auto found = watched_.find(process);
    if (found == watched_.end()) return;
    found->second.end = reason;
    found->second.end_time = now;
  }

  // The witness: monitors who has started since.
  void serve() {
    const std::lock_guard hold{lock_};
    if (!witness_) return;
    arm();
    const auto now = monotonic_time();
    for (const pid process : std::exchange(wanted_, {})) {
      const auto found = watched_.find(process);
      if (found == watched_.end()) continue;
      found->second.ref = monitor(process);
      found->second.asked = now;
      by_ref_.emplace(found->second.ref, process);
    }
  }

  // The witness: an answer.
  void answered(const down& answer) {
    const std::lock_guard hold{lock_};
    const auto known = by_ref_.find(answer.ref);
    if (known == by_ref_.end()) {
      note(fmt::format("a second DOWN of {} came, with `{}`", to_string(answer.process), answer.reason.to_string()));
      return;
    }
    const pid process = known->second;
    by_ref_.erase(known);
    const auto found = watched_.find(process);
    const watch seen = std::move(found->second);
    watched_.erase(found);
    if (answer.process != process) {
      note(fmt::format("the DOWN of {} came under the reference of {}", to_string(answer.process), to_string(process)));
    } else if (!seen.end) {
      note(fmt::format("a DOWN of {} came, with `{}`, and it has not ended", to_string(process),
                       answer.reason.to_string()));
    } else if (answer.reason != *seen.end && !may_have_been_late(answer.reason, seen)) {
      note(fmt::format("the DOWN of {} came with `{}`, and it ended with `{}`", to_string(process),
                       answer.reason.to_string(), seen.end->to_string()));
    }
  }

  /// Whether there is an end whose DOWN has not come.
  bool is_waiting() const {
    const std::lock_guard hold{lock_};
    for (const auto& [process, seen] : watched_) {
      if (seen.end) return true;
    }
    return false;
  }

  std::vector<std::string> take_findings() {
    const std::lock_guard hold{lock_};
    for (auto each = watched_.begin(); each != watched_.end();) {
      if (!each->second.end) {
        ++each;
        continue;
      }
      note(fmt::format("no DOWN of {} has come, which ended with `{}`", to_string(each->first),
                       each->second.end->to_string()));
      by_ref_.erase(each->second.ref);
      each = watched_.erase(each);
    }
    return std::exchange(findings_, {});
  }

 private:
  struct watch {
    reference ref;
    std::chrono::nanoseconds asked{0};
    std::optional<exit_reason> end;
    std::chrono::nanoseconds end_time{0};
  };

  // What is found between two checks is as much as there are processes; more would be the same again.
  static constexpr std::size_t most_findings = 1000;

  void arm() {
    if (alarm_ != nullptr) return;
    alarm_ = detail::make_envelope<look_at_the_board>(witness_, detail::envelope_kind::message, pid{}, reference{});
  }

  bool may_have_been_late(const exit_reason& answer, const watch& seen) const {
    return answer == exit_reason::noproc() && seen.end_time <= seen.asked + longest_delay_;
  }

  void note(std::string text) {
    if (findings_.size() < most_findings) findings_.push_back(std::move(text));
  }

  const std::size_t most_;
  const std::chrono::nanoseconds longest_delay_;
  mutable std::mutex lock_;
  pid witness_;
  detail::envelope* alarm_ = nullptr;
  std::vector<pid> wanted_;
  std::unordered_map<pid, watch> watched_;
  std::unordered_map<reference, pid> by_ref_;
  std::vector<std::string> findings_;
};

monitors_answered::monitors_answered(std::size_t most, std::chrono::nanoseconds longest_delay)
    : board_{std::make_shared<board>(most, longest_delay)} {}

monitors_answered::~monitors_answered() {
  board_->close();
}

void monitors_answered::begin() {
  const pid process = spawn([board = board_] {
    for (bool goes_on = true; goes_on;) {
      receive([&](look_at_the_board) { board->serve(); }, [&](const down& answer) { board->answered(answer); },
              [](are_you_done asked) { send(asked.from, done_with{asked.ref}); }, [&](go_home) { goes_on = false; });
    }
  });
  board_->opened_by(process);
}

void monitors_answered::end() {
  const pid process = board_->witness();
  board_->close();
  if (!process) return;
  const reference watched = monitor(process);
  send(process, go_home{});
  receive(when([watched](const down& ended) { return ended.ref == watched; }, [](const down&) {}));
}

pid monitors_answered::witness() const noexcept {
  return board_->witness();
}

void monitors_answered::settle(bool is_virtual) {
  constexpr int patience = 5000;
  for (int tries = 0; tries < patience; ++tries) {
    const pid process = board_->witness();
    if (!process) return;
    const reference asked = reference::make();
    send(process, are_you_done{self(), asked});
    receive(when([asked](const done_with& said) { return said.ref == asked; }, [](done_with) {}));
    if (is_virtual || !board_->is_waiting()) return;
    sleep(std::chrono::milliseconds{1});
  }
}

void monitors_answered::root_started(pid root) {
  board_->started(root);
}

void monitors_answered::see(const tree_step& step, const known_tree&, violation_list&) {
  if (step.what == tree_step::kind::child_started && !step.foreign) board_->started(step.process);
  if (step.what == tree_step::kind::process_ended) board_->ended(step.process, step.reason, step.time);
}

void monitors_answered::check_quiet(const known_tree&, tree_scene&, violation_list& found) {
  for (auto& each : board_->take_findings()) found.add(name(), "", std::move(each));
}

void monitors_answered::check_gone(const known_tree& tree, tree_scene& scene, violation_list& found) {
  check_quiet(tree, scene, found);
}

}  // namespace coppice
