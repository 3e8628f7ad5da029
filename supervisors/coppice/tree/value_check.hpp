#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <coppice/tree/located_json.hpp>

namespace coppice {

class fault_list;

}  // namespace coppice

/// The checks that tree files and script files share: each looks at one value, and either returns what it says or
/// notes a fault at its JSON pointer.
namespace coppice::detail {

/// A whole number with its bounds.
struct number_rule {
  std::string_view unit;  ///< `milliseconds`; empty for a bare number.
  std::uint64_t least;
  std::uint64_t most;
  std::string_view advice;  ///< What to write instead, a sentence.
};

/// A value that is one of some words.
struct choice_rule {
  std::span<std::string_view const> words;
  std::string_view advice;  ///< What to write instead, a sentence.
};

/// The keys that an object may have.
struct key_rule {
  std::span<std::string_view const> known;
  std::span<std::string_view const> suggested;  ///< Further words for "did you mean".
};

std::optional<std::uint64_t> check_number(located_json const& value, std::string const& pointer,
                                          number_rule const& rule, fault_list& faults);

/// A number that may have a fraction, with its bounds.
struct decimal_rule {
  std::string_view unit;  ///< `per cent`; empty for a bare number.
  double least;
  double most;
  std::string_view advice;  ///< What to write instead, a sentence.
};

std::optional<double> check_decimal(located_json const& value, std::string const& pointer, decimal_rule const& rule,
                                    fault_list& faults);

/// A bound as a message shows it: `1,000`, `0.000001`.
std::string decimal_text(double number);

/// Whether all whole numbers in it fit into 64 bits: others would lose their last digits without anybody noticing.
bool has_exact_numbers(located_json const& value);

/// The same; each that does not fit is a fault.
bool check_exact_numbers(located_json const& value, std::string const& pointer, fault_list& faults);

/// What to write for a number that was put in quotes, or that has a fraction or exponent of no effect; with a blank
/// before it, empty if there is nothing better than the rule's own advice.
std::string better_number(located_json const& value, std::uint64_t least, std::uint64_t most);

/// The index of the word in the rule.
std::optional<std::size_t> check_choice(located_json const& value, std::string const& pointer, choice_rule const& rule,
                                        fault_list& faults);

std::optional<bool> check_boolean(located_json const& value, std::string const& pointer, fault_list& faults);

/// An id or a registered name; `what` is the word for it.
std::optional<std::string> check_identifier(located_json const& value, std::string const& pointer,
                                            std::string_view what, fault_list& faults);

/// The fault of a key that is not known, with the nearest one that is.
std::string unknown_key(std::string_view key, key_rule const& rule);

/// `; did you mean "calc"?`, or `otherwise` if no word is near.
std::string did_you_mean(std::string_view word, std::span<std::string_view const> known, std::string_view otherwise);

/// `"a", "b" or "c"`.
std::string alternatives(std::span<std::string_view const> words);

/// `a, b, c`, the first twenty of them.
std::string listed(std::span<std::string_view const> words);

/// The value at a JSON pointer within `value`; if there is none, the last one on the way to it.
located_json const& nearest_value(located_json const& value, std::string_view pointer);

}  // namespace coppice::detail
