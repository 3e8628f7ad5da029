#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace coppice {

/// What Graphviz made of a drawing.
struct graphviz_answer {
  std::optional<std::string> svg;
  std::string error;  ///< Why there is none, and what to do.
};

/// Runs Graphviz's `dot` on a text in its language, and waits for it. No shell is involved.
///
/// `program` is looked for along PATH unless it has a slash in it. Blocks the calling thread.
graphviz_answer svg_from_dot(std::string_view dot, std::string const& program = "dot");

}  // namespace coppice
