#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include <coppice/process/suggestion.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/identifier.hpp>
#include <coppice/tree/json_pointer.hpp>
#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/tree_limits.hpp>
#include <coppice/tree/value_check.hpp>

namespace coppice::detail {

namespace {

std::string expected_number(number_rule const& rule) {
  std::string const range = fmt::format("a whole number from {} to {}", grouped(rule.least), grouped(rule.most));
  return rule.unit.empty() ? range : fmt::format("{} ({})", rule.unit, range);
}

std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

// `way`: the keys that lead from `pointer` to the value.
void note_inexact_numbers(located_json const& value, std::vector<std::string>& way, std::string const& pointer,
                          fault_list& faults) {
  if (auto const* number = std::get_if<std::unique_ptr<located_json::other_number>>(&value.value)) {
    if (!(*number)->too_many_digits) return;
    std::string place = pointer;
    for (std::string const& key : way) place = pointer_to(place, key);
    faults.add(std::move(place), value.offset,
               fmt::format("expected a number that fits into 64 bits; got {}. Write it with an exponent if it may be "
                           "rounded, or in quotes if the worker takes a string.",
                           value.described()));
    return;
  }
  way.emplace_back();
  if (auto const* elements = value.if_array()) {
    for (std::size_t i = 0; i < elements->size(); ++i) {
      way.back() = std::to_string(i);
      note_inexact_numbers((*elements)[i], way, pointer, faults);
    }
  } else if (auto const* members = value.if_object()) {
    for (auto const& member : *members) {
      way.back() = member.key;
      note_inexact_numbers(member.value, way, pointer, faults);
    }
  }
  way.pop_back();
}

std::optional<double> any_number(located_json const& value) {
  if (auto const* number = std::get_if<std::uint64_t>(&value.value)) return static_cast<double>(*number);
  if (auto const* number = std::get_if<std::int64_t>(&value.value)) return static_cast<double>(*number);
  auto const* other = std::get_if<std::unique_ptr<located_json::other_number>>(&value.value);
  if (other == nullptr) return std::nullopt;
  return (*other)->value;
}

}  // namespace

bool has_exact_numbers(located_json const& value) {
  if (auto const* number = std::get_if<std::unique_ptr<located_json::other_number>>(&value.value)) {
    return !(*number)->too_many_digits;
  }
  if (auto const* elements = value.if_array()) {
    return std::all_of(elements->begin(), elements->end(), has_exact_numbers);
  }
  auto const* members = value.if_object();
  return members == nullptr || std::all_of(members->begin(), members->end(),
                                           [](auto const& member) { return has_exact_numbers(member.value); });
}

bool check_exact_numbers(located_json const& value, std::string const& pointer, fault_list& faults) {
  if (has_exact_numbers(value)) return true;
  std::vector<std::string> way;
  note_inexact_numbers(value, way, pointer, faults);
  return false;
}

std::string decimal_text(double number) {
  constexpr double exact = 9e15;
  if (number >= 0 && number < exact && number == std::floor(number)) return grouped(static_cast<std::uint64_t>(number));
  std::string text = fmt::format("{:.9f}", number);
  text.erase(text.find_last_not_of('0') + 1);
  return text;
}

std::optional<double> check_decimal(located_json const& value, std::string const& pointer, decimal_rule const& rule,
                                    fault_list& faults) {
  auto const allowed = [&rule](double number) { return number >= rule.least && number <= rule.most; };
  auto const number = any_number(value);
  if (number && allowed(*number)) return number;
  std::string advice = fmt::format(" {}", rule.advice);
  if (auto const* text = value.if_string()) {
    double meant = 0;
    auto const [end, error] = std::from_chars(text->data(), text->data() + text->size(), meant);
    if (error == std::errc{} && end == text->data() + text->size() && allowed(meant)) {
      advice = fmt::format(" Write {} without quotes.", *text);
    }
  }
  std::string const range = fmt::format("a number from {} to {}", decimal_text(rule.least), decimal_text(rule.most));
  faults.add(pointer, value.offset,
             fmt::format("expected {}; got {}.{}", rule.unit.empty() ? range : fmt::format("{} ({})", rule.unit, range),
                         value.described(), advice));
  return std::nullopt;
}

std::string better_number(located_json const& value, std::uint64_t least, std::uint64_t most) {
  auto const allowed = [&](std::uint64_t number) { return number >= least && number <= most; };
  if (auto const* text = value.if_string()) {
    auto const number = digits(*text);
    if (number && allowed(*number)) return fmt::format(" Write {} without quotes.", *number);
  }
  if (auto const* other = std::get_if<std::unique_ptr<located_json::other_number>>(&value.value)) {
    double const number = (*other)->value;
    constexpr double exact = 9e15;
    if (number >= 0 && number < exact && number == std::floor(number) && allowed(static_cast<std::uint64_t>(number))) {
      return fmt::format(" Write {}.", static_cast<std::uint64_t>(number));
    }
  }
  return "";
}

std::optional<std::uint64_t> check_number(located_json const& value, std::string const& pointer,
                                          number_rule const& rule, fault_list& faults) {
  auto const* number = std::get_if<std::uint64_t>(&value.value);
  if (number != nullptr && *number >= rule.least && *number <= rule.most) return *number;
  std::string advice = better_number(value, rule.least, rule.most);
  if (advice.empty()) advice = fmt::format(" {}", rule.advice);
  faults.add(pointer, value.offset,
             fmt::format("expected {}; got {}.{}", expected_number(rule), value.described(), advice));
  return std::nullopt;
}

std::optional<std::size_t> check_choice(located_json const& value, std::string const& pointer, choice_rule const& rule,
                                        fault_list& faults) {
  std::string const* word = value.if_string();
  std::string advice = fmt::format(". {}", rule.advice);
  if (word != nullptr) {
    auto const found = std::find(rule.words.begin(), rule.words.end(), *word);
    if (found != rule.words.end()) return static_cast<std::size_t>(found - rule.words.begin());
    advice = did_you_mean(*word, rule.words, advice);
  }
  faults.add(pointer, value.offset,
             fmt::format("expected {}; got {}{}", alternatives(rule.words), value.described(), advice));
  return std::nullopt;
}

std::optional<bool> check_boolean(located_json const& value, std::string const& pointer, fault_list& faults) {
  if (auto const* flag = std::get_if<bool>(&value.value)) return *flag;
  std::string const* text = value.if_string();
  std::string const advice = text != nullptr && (*text == "true" || *text == "false")
                                 ? fmt::format("Write {} without quotes.", *text)
                                 : std::string{"Leave it out for false."};
  faults.add(pointer, value.offset, fmt::format("expected true or false; got {}. {}", value.described(), advice));
  return std::nullopt;
}

std::optional<std::string> check_identifier(located_json const& value, std::string const& pointer,
                                            std::string_view what, fault_list& faults) {
  std::string const* text = value.if_string();
  if (text != nullptr && is_identifier(*text)) return *text;
  if (text != nullptr && text->size() > tree_limits::max_name_length) {
    faults.add(pointer, value.offset,
               fmt::format("expected at most {} characters; got {}: {}. Write a shorter {}.",
                           tree_limits::max_name_length, grouped(text->size()), in_quotes(*text, 20), what));
    return std::nullopt;
  }
  std::optional<std::string> const nearest = text == nullptr ? std::nullopt : nearest_identifier(*text);
  std::string advice = nearest ? fmt::format(" Write {}.", in_quotes(*nearest))
                               : fmt::format(" Write one such as \"cache\" or \"pool_2\".");
  if (text != nullptr && is_path_element(*text)) {
    advice = fmt::format(" A dash and a number mark the replicas of a child with \"count\".{}", advice);
  }
  faults.add(pointer, value.offset,
             fmt::format("expected a lower-case letter, then lower-case letters, digits and \"_\"; got {}.{}",
                         text != nullptr && text->empty() ? "an empty string" : value.described(), advice));
  return std::nullopt;
}

std::string did_you_mean(std::string_view word, std::span<std::string_view const> known, std::string_view otherwise) {
  if (auto const near = closest(word, known)) return fmt::format("; did you mean \"{}\"?", *near);
  return std::string{otherwise};
}

std::string unknown_key(std::string_view key, key_rule const& rule) {
  std::string const otherwise = did_you_mean(key, rule.suggested, fmt::format(". Known: {}.", listed(rule.known)));
  return fmt::format("unknown key {}{}", in_quotes(key), did_you_mean(key, rule.known, otherwise));
}

std::string alternatives(std::span<std::string_view const> words) {
  std::string result;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) result += i + 1 == words.size() ? " or " : ", ";
    result += fmt::format("\"{}\"", words[i]);
  }
  return result;
}

std::string listed(std::span<std::string_view const> words) {
  constexpr std::size_t shown = 20;
  std::string result = fmt::format("{}", fmt::join(words.first(std::min(shown, words.size())), ", "));
  if (words.size() > shown) result += fmt::format(" and {} more", words.size() - shown);
  return result;
}

located_json const& nearest_value(located_json const& value, std::string_view pointer) {
  located_json const* at = &value;
  while (pointer.starts_with('/')) {
    pointer.remove_prefix(1);
    std::size_t const end = std::min(pointer.find('/'), pointer.size());
    std::string key;
    for (std::size_t i = 0; i < end; ++i) {
      if (pointer[i] == '~' && i + 1 < end) {
        key += pointer[++i] == '0' ? '~' : '/';
      } else {
        key += pointer[i];
      }
    }
    pointer.remove_prefix(end);
    located_json const* next = at->find(key);
    if (auto const* elements = at->if_array()) {
      auto const index = digits(key);
      next = index && *index < elements->size() ? &(*elements)[*index] : nullptr;
    }
    if (next == nullptr) break;
    at = next;
  }
  return *at;
}

}  // namespace coppice::detail
