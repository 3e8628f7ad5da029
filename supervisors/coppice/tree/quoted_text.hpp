#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace coppice::detail {

/// `text` as JSON writes it, in double quotes and on one line, cut after `width` characters. For text out of a file in
/// a message; bytes that are no UTF-8 are shown as `\xE9`.
std::string in_quotes(std::string_view text, std::size_t width = 60);

/// `text` without quotes, with what a terminal would obey instead of print (control characters) shown as `\u001b`,
/// and bytes that are no UTF-8 as `\xE9`.
std::string printable(std::string_view text);

/// A word as a shell has to be given it: as it is, or in single quotes.
std::string for_a_shell(std::string_view word);

/// The number with commas between the thousands.
std::string grouped(std::uint64_t number);

/// How many bytes the UTF-8 character at the beginning of `text` has; 0 where there is none (RFC 3629).
std::size_t utf8_length(std::string_view text);

}  // namespace coppice::detail
