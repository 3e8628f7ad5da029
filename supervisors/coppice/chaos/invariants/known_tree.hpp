#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <coppice/process/exit_reason.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/supervision/child_spec.hpp>
#include <coppice/supervision/supervisor.hpp>
#include <coppice/tree/tree_spec.hpp>

namespace coppice {

/// What observers have told of one child of a living supervisor.
struct known_child {
  std::string path;
  std::uint64_t place = 0;  ///< In start order: grows.
  child_type type = child_type::worker;
  restart_type restart = restart_type::permanent;
  bool significant = false;
  std::string name;           ///< Under which it ought to be registered; empty: none is known.
  pid process;                ///< The last one.
  bool lives = false;         ///< That one has not ended.
  bool told_to_end = false;   ///< By its supervisor.
  bool unanswered = false;    ///< It ended by itself, and its supervisor has shown no sign of having noticed.
  bool retried = false;       ///< Its start failed in a restart, so it is to be tried again.
  bool foreign = false;       ///< The supervisor was given a process that it has not spawned: nobody tells of its end.
  bool begins_later = false;  ///< By `start_child`, and it has not started yet.
  bool from_start = false;    ///< Its supervisor began with it.
  exit_reason reason;         ///< Of the last end.

  /// Whether an end for that reason is to be followed by a restart (S96).
  bool restarts_after(const exit_reason& why) const noexcept {
    return restart == restart_type::permanent || (restart == restart_type::transient && !why.is_normal_end());
  }
  bool owes_restart() const noexcept { return unanswered && restarts_after(reason); }
};

/// What observers have told of one living supervisor.
struct known_supervisor {
  pid process;
  std::string path;
  supervisor_flags flags;
  bool as_declared = false;  ///< It is the one of the tree file at that path.
  bool stopping = false;
  bool gave_up = false;
  std::map<std::uint64_t, known_child> children;  ///< By place.
  std::unordered_map<std::string, std::uint64_t> places;
  std::set<std::uint64_t> living;              ///< Places of children that live.
  std::optional<std::uint64_t> starts;         ///< The place of the child that it is about to start.
  bool restarts = false;                       ///< It is in the middle of a restart...
  std::optional<std::uint64_t> restart_place;  ///< ... and has tried to start the child at that place.
  std::uint64_t next_place = 1;
  std::chrono::nanoseconds last_word{0};

  const known_child* find(std::string_view child) const;
  known_child* find(std::string_view child);
  /// The first child behind that place; null: there is none.
  const known_child* after(std::uint64_t place) const;
};

/// A process of the tree that has started and not ended.
struct known_life {
  std::string path;
  child_type type = child_type::worker;
  pid supervisor;  ///< False: it is the root.
  std::string name;
};

/// Something that happened to a tree, as observers tell it.
struct tree_step {
  enum class kind : unsigned char {
    supervisor_starting,
    child_added,
    child_starting,
    child_started,
    child_start_failed,
    child_terminating,
    child_ending,
    child_deleted,
    restarting,
    restart_limit_reached,
    supervisor_stopping,
    process_ended,
  };

  kind what = kind::process_ended;
  std::chrono::nanoseconds time{0};
  std::string_view path{};                       ///< Of the child; of the supervisor, where it is about one.
  pid process{};                                 ///< The child's, or the one that ended.
  pid supervisor_process{};                      ///< Of `process_ended`: its parent.
  const known_supervisor* supervisor = nullptr;  ///< Who says it, or whose child ended; null: not known.
  const known_child* child = nullptr;            ///< Null: not known.
  exit_reason reason{};                          ///< Of `child_start_failed` and `process_ended`.
  child_type type = child_type::worker;          ///< Of `child_starting` and `child_started`.
  bool foreign = false;                          ///< Of `child_started`: see `known_child`.
  const supervisor_flags* flags = nullptr;       ///< Of `supervisor_starting`.
  std::span<const child_spec> specs{};           ///< Of `supervisor_starting`, and the one of `child_added`.
};

/// A tree as its observers tell of it: each supervisor's children in their order, and who lives.
///
/// It is put together from words alone, and never looks at a process. What the tree file says of a supervisor or of a
/// child counts more than what the supervisor says of itself.
///
/// Threads: one at a time.
class known_tree {
 public:
  /// `declared` is what the tree was built from, if it was built from a file's spec. It is copied.
  explicit known_tree(const supervisor_spec* declared = nullptr);

  /// The child that `start_child` adds at that path next has that name; empty: none.
  void announce(std::string_view path, std::string name);

  /// Fills in who is meant by a step.
  void resolve(tree_step& step) const;

  /// Takes note of a step. Of a child that had ended before its supervisor could say that it had started, `early` is
  /// its end, which is to be seen, and applied, next.
  void apply(const tree_step& step, std::optional<tree_step>& early);

  /// The root has no supervisor that could say it.
  void root_started(std::string_view path, pid root, std::chrono::nanoseconds now, std::optional<tree_step>& early);

  const known_life* find_life(pid process) const;
  const known_supervisor* find_supervisor(pid process) const;
  /// Who lives at a path; the last one, if there are more.
  pid holder_of(std::string_view path) const;

  const std::unordered_map<pid, known_life>& lives() const noexcept { return lives_; }
  const std::unordered_map<pid, known_supervisor>& supervisors() const noexcept { return supervisors_; }
  /// All names that the tree's processes may have, from what was declared and announced.
  const std::set<std::string, std::less<>>& names() const noexcept { return names_; }
  bool is_root(pid process) const { return roots_.contains(process); }

 private:
  // As a file declares it.
  struct declared_child {
    child_type type;
    restart_type restart;
    bool significant;
    std::string name;
  };
  struct early_end {
    pid process;
    exit_reason reason;
  };

  void declare(const supervisor_spec& spec, const std::string& path);
  void add_supervisor(const tree_step& step);
  void add_child(known_supervisor& of, std::string path, const child_spec& spec, bool from_start);
  void attempt(known_supervisor& of, known_child& child);
  static void close_attempt(known_supervisor& of);
  void started(known_supervisor& of, const tree_step& step, std::optional<tree_step>& early);
  void ended(const tree_step& step);
  void begin_life(pid process, known_life life);
  static void forget(known_supervisor& of, known_child& child);

  std::unordered_map<std::string, supervisor_flags> declared_supervisors_;
  std::unordered_map<std::string, declared_child> declared_children_;
  std::string declared_root_;
  std::unordered_map<std::string, std::string> announced_;
  std::set<std::string, std::less<>> names_;
  std::string root_name_;

  std::unordered_map<pid, known_supervisor> supervisors_;
  std::unordered_map<pid, known_life> lives_;
  std::unordered_map<std::string, pid> holders_;
  // Paths of supervisors that are being started: whether each is the declared one.
  std::unordered_map<std::string, bool> being_started_;
  std::unordered_map<pid, std::vector<early_end>> early_;  // by supervisor
  std::vector<early_end> early_roots_;
  std::unordered_set<pid> roots_;
};

}  // namespace coppice
