#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace coppice {

/// The known word that a misspelt one was probably meant to be, for "did you mean".
///
/// Counts the letters to insert, drop, replace, or swap with their neighbour (case does not count); about one in three
/// may be wrong. A beginning of three letters or more (`temp`) also finds the one known word that it begins. Of equally
/// near words the first is taken. Empty if nothing is near, and for a word that is itself known.
/// The answer points into `known`.
std::optional<std::string_view> closest(std::string_view word, std::span<const std::string_view> known);

}  // namespace coppice
