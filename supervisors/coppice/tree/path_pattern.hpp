#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Patterns of paths, `root/pool/*`: ids as in paths, where `*` stands for any characters of an id, also for none, and
/// an id `**` for any number of ids, also for none.
namespace coppice::detail {

/// Whether it is one.
bool is_pattern(std::string_view text);

/// The pattern that somebody meant who wrote `/root/pool/` or `Root//pool`; empty if it is not clear.
std::optional<std::string> nearest_pattern(std::string_view text);

/// Whether a path matches a pattern. In time proportional to the length of both, without memory of its own.
bool matches_pattern(std::string_view pattern, std::string_view path);

/// Whether a path below that one could match the pattern; false is certain.
bool may_match_below(std::string_view pattern, std::string_view path);

/// Whether one id, or any text, matches one element of a pattern, which is not `**`.
bool matches_element(std::string_view element, std::string_view id);

}  // namespace coppice::detail
