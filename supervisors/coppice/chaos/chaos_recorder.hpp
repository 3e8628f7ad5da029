#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <coppice/chaos/chaos_record.hpp>
#include <coppice/process/runtime.hpp>
#include <coppice/supervision/supervision_observer.hpp>
#include <coppice/telemetry/tree_journal.hpp>

namespace coppice {

/// Writes down what happens to a tree: its lives, their ends, and which hit they ended of.
///
/// A process that goes down with another (a sibling in its group, a child of a supervisor that was hit or gave up) has
/// the hit of that other as its cause.
///
/// Give it to the runtime (`runtime_options::observer`) and to each supervisor of the tree. Threads: safe to share.
class chaos_recorder final : public process_observer, public supervision_observer {
 public:
  /// Told of starts and ends in the order in which they are written down. Must not wait, throw, or ask the recorder.
  class listener {
   public:
    virtual ~listener();
    virtual void life_began(const tree_event& event) noexcept = 0;
    virtual void life_ended(const tree_event& event) noexcept = 0;
    /// A process has ended that a supervisor started, be it that it had a life or not.
    virtual void process_gone(pid process) noexcept = 0;
  };

  chaos_recorder();

  /// Who is told; may be null. Before the runtime starts.
  void tell(listener* lives) noexcept { listener_ = lives; }

  /// The tree is about to start: times count from now.
  void begin(std::string root, std::uint64_t seed, bool is_virtual);
  void root_started(pid root);
  void root_start_failed(const exit_reason& reason);
  /// The tree is about to be shut down: what ends from now on ends of that. The record goes on to that time, if it is
  /// later: for a tree that is gone before its plan is over.
  void end(std::chrono::nanoseconds at_least = std::chrono::nanoseconds{0});
  void interrupted();

  /// `path` goes by this name: calls that go astray by it are counted there.
  void name_of(std::string name, std::string path);

  /// What the child spec at `path` says.
  void restart_of(std::string path, restart_type restart);

  /// A process is hit; `victim` is false if nobody is there. If it ends, it ends of this, unless `lasting` is over by
  /// then, or the hang that came of it. What does not cut does if the process ends of it.
  void hit(pid victim, std::string_view path, std::string way, bool cuts, bool at_once = true,
           std::optional<std::chrono::nanoseconds> lasting = {});
  /// It lives, and does not serve any more; and again it does.
  void hung(pid victim);
  void back_from_hang(pid victim);
  void call_made(std::string_view path);
  /// Nobody was there to be called, or to be sent something.
  void call_missed(std::string_view path);
  void message_missed(std::string_view path);

  const tree_journal& journal() const noexcept { return *journal_; }
  /// Who lives, or lived, as that process; of one whose supervisor has not said that it started, where that would be.
  std::optional<std::string> path_of(pid process, pid parent) const;
  std::size_t restarts() const noexcept;
  std::size_t hits() const noexcept;
  /// Grows with each start and end.
  std::size_t changes() const noexcept;
  /// Valid once nothing happens any more.
  const chaos_record& record() const noexcept { return record_; }

  void process_ended(pid ended, pid parent, const exit_reason& reason) noexcept override;
  void message_lost(pid to, std::string_view type) noexcept override;
  void call_failed(pid server, std::string_view name, const exit_reason& reason) noexcept override;
  void child_started(std::string_view path, child_type type, pid child, pid supervisor) noexcept override;
  void child_start_failed(std::string_view path, const exit_reason& reason, pid supervisor) noexcept override;
  void restart_limit_reached(std::string_view path, pid supervisor) noexcept override;
  void child_starting(std::string_view path, child_type type, pid supervisor) noexcept override;
  void child_ending(std::string_view path, pid child, pid supervisor) noexcept override;
  void restarting(std::string_view path, pid supervisor) noexcept override;
  void supervisor_stopping(std::string_view path, pid supervisor) noexcept override;

 private:
  struct known_process {
    std::size_t life;                                    // its index in the record
    pid supervisor;                                      // false: the root
    std::optional<std::size_t> mark;                     // the last hit on it
    std::optional<std::chrono::nanoseconds> mark_until;  // then that one has no effect any more
    std::optional<std::size_t> hangs_of;                 // the hit on it when it began to hang
    std::optional<std::size_t> ends_of;                  // it is being ended because of this hit
    std::optional<std::size_t> acts_for;                 // a supervisor: the hit that its last restart was for
  };

  void note(const tree_event& event);
  known_process* find(pid process);
  std::optional<std::size_t> cause_of_last_end(std::string_view path) const;
  std::optional<std::size_t> last_cause_below(const std::string& path) const;
  std::optional<std::size_t> cause_of_acts(const known_process& supervisor) const;
  std::optional<std::size_t> mark_of(const known_process& process) const;
  std::chrono::nanoseconds now() const;
  chaos_traffic* traffic_of(pid process);

  listener* listener_ = nullptr;
  mutable std::recursive_mutex lock_;
  std::unique_ptr<tree_journal> journal_;
  chaos_record record_;
  std::chrono::nanoseconds zero_{0};
  bool is_over_ = false;
  pid announcing_;  // whose supervisor is telling of its start
  std::unordered_map<pid, known_process> processes_;
  std::unordered_map<pid, std::string> starting_;                  // by supervisor: the path that it is starting
  std::unordered_map<pid, std::optional<std::size_t>> fails_for_;  // by supervisor whose own start fails: the hit
  std::map<std::string, std::optional<std::size_t>, std::less<>> last_cause_;  // of the last end at a path
  std::map<std::string, std::string, std::less<>> names_;
  std::unordered_map<std::string, restart_type> restarts_of_;  // by path
  std::size_t restarts_ = 0;
  std::size_t changes_ = 0;
};

}  // namespace coppice
