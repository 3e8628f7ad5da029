#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace coppice::detail {

/// Where and why a text is no JSON.
struct syntax_fault {
  std::size_t offset;   ///< The byte that the caret should point at.
  std::string message;  ///< Expected, got, next step.
};

/// Explains why a JSON parser stopped.
///
/// `position` is the number of bytes that it had taken, `complaint` its own words, used only for what is wrong inside
/// of a string.
syntax_fault explain_syntax(std::string_view text, std::size_t position, std::string_view complaint);

}  // namespace coppice::detail
