#pragma once

// Private to lib/coppice.

#include <cstdint>
#include <memory>

#include <coppice/process/pid.hpp>

namespace coppice::detail {

/// The pids from a process's parent upwards, shared by all children of one parent. Of a line of processes in which each
/// starts its successor and ends there is no first that anybody remembers: it holds the last hundreds.
struct ancestry {
  ancestry(pid of, std::shared_ptr<const ancestry> its);
  ancestry(const ancestry&) = delete;
  ancestry& operator=(const ancestry&) = delete;
  ~ancestry();

  /// What the children of `parent` share, whose own is `its`; null: it has no parent.
  static std::shared_ptr<const ancestry> of_children(pid parent, const std::shared_ptr<const ancestry>& its);

  pid parent;
  std::uint32_t generations;
  std::shared_ptr<const ancestry> above;
};

}  // namespace coppice::detail
