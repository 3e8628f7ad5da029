#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>

#include <coppice/chaos/invariants/invariant.hpp>

namespace coppice {

/// Every monitor is answered once, at the end of the process and with its reason: seen by a process that monitors those
/// of the tree as they start, at most so many at a time.
class monitors_answered final : public invariant {
 public:
  /// `most` at a time. `longest_delay` is how long a signal may be under way to a process: one that ended within that
  /// time after the monitor was asked for may have ended before it was there, and then the answer is `noproc`.
  monitors_answered(std::size_t most, std::chrono::nanoseconds longest_delay);
  monitors_answered(const monitors_answered&) = delete;
  monitors_answered& operator=(const monitors_answered&) = delete;
  ~monitors_answered() override;

  std::string_view name() const noexcept override { return "every monitor answered once"; }
  void see(const tree_step& step, const known_tree& tree, violation_list& found) override;
  void root_started(pid root);
  void check_quiet(const known_tree& tree, tree_scene& scene, violation_list& found) override;
  void check_gone(const known_tree& tree, tree_scene& scene, violation_list& found) override;

  /// Starts the process that monitors, from the calling one.
  void begin();
  /// Ends it, and waits for that. Blocks the process.
  void end();
  pid witness() const noexcept;

  /// Waits until it has looked at all that it was sent, and in real time until what it has yet to be told of ends has
  /// come, for a few seconds. Blocks the process.
  void settle(bool is_virtual);

 private:
  class board;
  std::shared_ptr<board> board_;
};

}  // namespace coppice
