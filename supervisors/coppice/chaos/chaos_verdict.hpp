#pragma once

#include <string>
#include <vector>

#include <coppice/chaos/chaos_record.hpp>

namespace coppice {

/// What is held against a run.
struct chaos_verdict {
  std::vector<chaos_violation> broken_limits;
  std::vector<chaos_violation> broken_invariants;
  std::string replay;                   ///< The command that shows the same again; may be empty.
  std::vector<std::string> warnings{};  ///< `warnings_of`: they fail nothing.

  bool passed() const noexcept { return broken_limits.empty() && broken_invariants.empty(); }
};

}  // namespace coppice
