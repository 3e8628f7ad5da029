#pragma once

#include <any>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <coppice/supervision/auto_shutdown.hpp>
#include <coppice/supervision/restart_type.hpp>
#include <coppice/supervision/shutdown_time.hpp>
#include <coppice/supervision/strategy.hpp>
#include <coppice/tree/virtual_cost.hpp>

namespace coppice {

/// A worker of a tree file, checked, with the defaults filled in.
struct worker_spec {
  std::string id;
  std::string start;                           ///< The name under which the worker is registered.
  std::shared_ptr<nlohmann::json const> args;  ///< For the worker's init; never null, `{}` when left out.
  std::any read_args{};                        ///< The same, as the worker wants them; empty: it reads `args` anew.
  restart_type restart = restart_type::permanent;
  shutdown_time shutdown = shutdown_time::default_of(child_type::worker);
  bool significant = false;
  std::optional<std::string> name;     ///< Under which the process is registered.
  std::optional<std::uint32_t> count;  ///< Replicas, 1 or more; unset: one process that has the bare id.
  std::optional<std::size_t> stack;    ///< Bytes; unset: the runtime's default.
  virtual_cost cost{};                 ///< Of its steps, in a chaos run.
  std::string pointer;                 ///< Where it stands in the file: `/children/0`.

  /// How many processes it makes: `count`, or 1.
  std::uint32_t processes() const noexcept { return count.value_or(1); }

  /// The id of the replica `number`, from 1: `calc-1`; the bare id where there is no `count`.
  std::string replica_id(std::uint32_t number) const;

  /// The registered name of the replica `number`, with the same suffix.
  std::optional<std::string> replica_name(std::uint32_t number) const;
};

struct tree_child;

/// A supervisor of a tree file, checked, with the defaults filled in.
struct supervisor_spec {
  std::string id;
  coppice::strategy strategy = coppice::strategy::one_for_one;
  std::uint32_t max_restarts = 1;
  std::chrono::seconds max_seconds{5};
  coppice::auto_shutdown auto_shutdown = coppice::auto_shutdown::never;
  std::vector<tree_child> children;  ///< In start order. A worker with `count` is one entry.

  // What it is as a child; without meaning for the root.
  restart_type restart = restart_type::permanent;
  shutdown_time shutdown = shutdown_time::default_of(child_type::supervisor);
  bool significant = false;

  std::optional<std::string> name;  ///< Under which the process is registered.
  virtual_cost cost{};              ///< Of its steps, in a chaos run.
  std::string pointer;              ///< Where it stands in the file; empty for the root.
};

/// A worker or a supervisor under another one.
struct tree_child {
  std::variant<worker_spec, supervisor_spec> spec;

  worker_spec const* if_worker() const noexcept { return std::get_if<worker_spec>(&spec); }
  supervisor_spec const* if_supervisor() const noexcept { return std::get_if<supervisor_spec>(&spec); }

  child_type type() const noexcept { return if_worker() != nullptr ? child_type::worker : child_type::supervisor; }
  std::string const& id() const noexcept;
  restart_type restart() const noexcept;
  shutdown_time shutdown() const noexcept;
  bool significant() const noexcept;
  std::string const& pointer() const noexcept;

  /// How many children of its supervisor it stands for: the replicas of a worker, else 1.
  std::uint32_t processes() const noexcept;
};

/// How many processes the tree has when all of them run, the supervisor itself included.
std::uint64_t process_count(supervisor_spec const& root);

}  // namespace coppice
