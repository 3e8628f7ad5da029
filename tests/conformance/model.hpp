#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "rule_counts.hpp"

namespace coppice::conformance {

/// The contract of scripted runs as a plain sequential program: no processes, no messages, no clock.
///
/// It says what a scenario will do, so that the generator can steer and the report can tell which rules were at work.
/// It is no oracle: a count is believed only where the trace equals that of the real OTP.
class model {
 public:
  struct process;

  /// A child specification and what became of it.
  struct child {
    nlohmann::json spec;
    enum class state { undefined, restarting, running } status = state::undefined;
    std::shared_ptr<process> started;
    /// Why it is down, if it has a spec and is not running.
    enum class absence { none, terminated, ended_normally, ignored, failed } why_down = absence::none;
    bool by_start_child = false;

    std::string id() const;
    bool is_supervisor() const;
    std::string restart() const;
    bool is_significant() const;
  };

  /// A process that has been started, alive or dead.
  struct process {
    std::string path;
    int incarnation = 0;
    std::string kind;  ///< "supervisor", or the worker's `start`.
    nlohmann::json spec;
    process* supervisor = nullptr;
    bool alive = true;
    double value = 0;
    double initial_value = 0;
    /// When a trapper that is in `terminate` will have ended, or a supervisor under way to its end.
    std::optional<std::int64_t> stopping_until;
    std::vector<child> children;  ///< In start order.
    std::vector<std::int64_t> restarts_ms;
    std::set<std::string> deleted_ids;

    bool is_supervisor() const { return kind == "supervisor"; }
  };

  /// Starts the tree: step 0.
  explicit model(const nlohmann::json& tree);

  /// Executes the next step.
  void step(const nlohmann::json& step);

  /// The shutdown by the root's parent.
  void finish();

  bool root_is_alive() const { return root_ && root_->alive; }
  const process* root() const { return root_.get(); }

  /// All processes alive, by path.
  std::map<std::string, process*> living() const;
  const process* find(const std::string& path) const;

  std::int64_t now_ms() const { return now_ms_; }
  std::int64_t time_spent_waiting_ms() const { return waited_ms_; }

  /// Lines of normal form, in the order of happening.
  const std::vector<std::string>& lines() const { return lines_; }
  const rule_counts& counts() const { return counts_; }

 private:
  struct start_outcome {
    std::shared_ptr<process> started;
    std::optional<std::string> failure;
  };

  void count(const std::string& rule) { ++counts_[rule]; }
  void emit(std::string line) { lines_.push_back(std::move(line)); }
  void exited(process& ended, const std::string& reason);
  void result(const std::string& text) { results_.push_back(text); }

  start_outcome start_process(const std::string& path, const nlohmann::json& spec, process* supervisor);
  /// Gives "ID REASON" of the child that failed.
  std::optional<std::string> start_children(process& supervisor, std::size_t from);

  bool stop_child(process& child, const nlohmann::json& spec, std::int64_t deadline);
  bool stop_children_from(process& supervisor, std::size_t from, std::int64_t deadline);
  void stop_group(process& supervisor, std::size_t from, const std::string& cause);
  void kill(process& victim);
  void end_orphans(process& supervisor);

  void ended_by_itself(process& ended, const std::string& reason);
  void child_ended(process& supervisor, const process& ended, const std::string& reason);
  void child_stays_down(process& supervisor, std::size_t at, const std::string& reason);
  void restart(process& supervisor, const std::string& id);
  bool within_budget(process& supervisor);
  std::optional<std::string> attempt_restart(process& supervisor, const std::string& id, bool retry);
  void shut_itself_down(process& supervisor, const std::string& reason);

  bool perform(const nlohmann::json& step);
  void exit_signal(process& target, const std::string& reason);
  void crash(process& target, const std::string& reason);
  void send(process& target, const nlohmann::json& message);
  void start_child(process& supervisor, const nlohmann::json& spec);
  void restart_child(process& supervisor, const std::string& id);
  void terminate_child(process& supervisor, const std::string& id);
  void delete_child(process& supervisor, const std::string& id);
  void which_children(const process& supervisor);
  void count_children(const process& supervisor);
  void error(const std::string& step, const std::string& code);
  void end_step();

  nlohmann::json tree_;
  std::shared_ptr<process> root_;
  std::vector<std::shared_ptr<process>> processes_;
  std::map<std::string, int> incarnations_;
  std::map<std::string, int> failures_;
  std::vector<std::string> lines_;
  std::vector<std::string> results_;
  rule_counts counts_;
  int step_ = 0;
  std::int64_t now_ms_ = 0;
  std::int64_t waited_ms_ = 0;
};

}  // namespace coppice::conformance
