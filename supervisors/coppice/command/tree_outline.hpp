#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <coppice/supervision/shutdown_time.hpp>
#include <coppice/telemetry/tree_journal.hpp>
#include <coppice/tree/tree_spec.hpp>

namespace coppice::command {

/// What the tree file says of the process at a path (`root/pool/calc-7`).
struct outlined {
  const supervisor_spec* supervisor = nullptr;  ///< Null: a worker.
  const worker_spec* worker = nullptr;          ///< Null: a supervisor.
  std::uint64_t place = 0;                      ///< Among its siblings, in start order.

  /// How long its supervisor waits for its end; for ever if it is the root.
  shutdown_time shutdown(bool is_root) const noexcept;
};

/// Nothing for a path that the file does not have: a child that was added while the tree ran.
std::optional<outlined> find_in_tree(const supervisor_spec& root, std::string_view path);

/// Which process a tree that is shutting down waits for: children end in reverse start order, each after its own.
/// The living must not be empty.
std::string waited_for(const supervisor_spec& root,
                       const std::map<std::string, tree_journal::life, std::less<>>& living);

}  // namespace coppice::command
