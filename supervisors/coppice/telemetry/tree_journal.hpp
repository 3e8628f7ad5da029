#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include <coppice/process/runtime.hpp>
#include <coppice/supervision/supervision_observer.hpp>
#include <coppice/telemetry/tree_event.hpp>

namespace coppice {

/// Puts together what the supervisors of one tree say of starts and what the runtime says of ends, in the order in
/// which it happened, and knows who lives.
///
/// Give it to the runtime (`runtime_options::observer`) and to each supervisor of the tree (`build_tree` does). The
/// sink is called for each event, one at a time, on the thread on which it happened; it must not wait, throw, or call
/// the journal.
///
/// Threads: safe to share.
class tree_journal final : public process_observer, public supervision_observer {
 public:
  struct life {
    pid process;
    std::uint64_t incarnation = 0;
    child_type type = child_type::worker;
  };

  explicit tree_journal(std::function<void(const tree_event&)> sink);

  /// The root has no supervisor to say it.
  void root_started(std::string_view path, pid root);
  void root_start_failed(std::string_view path, const exit_reason& reason);

  /// Who lives at that path; nothing when nobody does.
  std::optional<life> find(std::string_view path) const;

  /// All who live, by path.
  std::map<std::string, life, std::less<>> living() const;
  /// How many live.
  std::size_t size() const;

  void process_ended(pid ended, pid parent, const exit_reason& reason) noexcept override;
  void child_started(std::string_view path, child_type type, pid child, pid supervisor) noexcept override;
  void child_start_failed(std::string_view path, const exit_reason& reason, pid supervisor) noexcept override;
  void restart_limit_reached(std::string_view path, pid supervisor) noexcept override;

 private:
  // The end of a process whose supervisor has not said yet that it had started.
  struct early_end {
    pid process;
    pid parent;
    exit_reason reason;
  };

  void started(std::string_view path, child_type type, pid process);
  void ended(pid process, const exit_reason& reason);
  void tell(tree_event event);
  std::optional<exit_reason> take_early_end(pid process, pid supervisor);

  std::function<void(const tree_event&)> sink_;
  mutable std::mutex lock_;
  std::map<std::string, life, std::less<>> living_;
  boost::unordered_flat_map<pid, std::pair<std::string, life>, std::hash<pid>> paths_;
  std::map<std::string, std::uint64_t, std::less<>> incarnations_;
  std::vector<early_end> early_;
};

}  // namespace coppice
