#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coppice {

struct supervisor_spec;

/// Something in a tree that is allowed and does what OTP does, but perhaps not what its author meant.
struct tree_warning {
  std::string pointer;        ///< Of the child or supervisor; empty for the root.
  std::string message;        ///< What will happen, why, and what to write if something else was meant.
  std::string_view semantic;  ///< The rule behind it, by its number: `S106`.
};

/// All of a tree, in the order of the file.
std::vector<tree_warning> warnings_of(supervisor_spec const& root);

}  // namespace coppice
