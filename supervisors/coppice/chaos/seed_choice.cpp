#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>

#include <coppice/chaos/seed_choice.hpp>
#include <coppice/tree/quoted_text.hpp>

namespace coppice {

namespace {

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string to_string(const seed_range& seeds) {
  return seeds.first == seeds.last ? std::to_string(seeds.first) : fmt::format("{}..{}", seeds.first, seeds.last);
}

seed_range parse_seeds(std::string_view text) {
  constexpr std::string_view dots = "..";
  const auto split = text.find(dots);
  const auto first = number_of(text.substr(0, split));
  const auto last = split == std::string_view::npos ? first : number_of(text.substr(split + dots.size()));
  if (!first || !last || *first > *last) {
    throw std::invalid_argument{
        fmt::format("coppice: expected a seed (17) or a range of seeds (0..999); found {}", detail::in_quotes(text))};
  }
  return {*first, *last};
}

seed_range chosen_seeds(std::uint64_t count) {
  if (const char* const said = std::getenv(seeds_variable)) {
    try {
      return parse_seeds(said);
    } catch (const std::invalid_argument& fault) {
      throw std::invalid_argument{fmt::format("{}, in the environment variable {}", fault.what(), seeds_variable)};
    }
  }
  if (count == 0) throw std::invalid_argument{"coppice: a test over 0 seeds would test nothing; expected 1 or more"};
  return {0, count - 1};
}

std::string doctest_replay(std::uint64_t seed, std::string_view test_case) {
  std::string filter;
  for (const char each : test_case) {
    // A comma separates the filters of doctest.
    if (each == ',' || each == '\\') filter += '\\';
    filter += each;
  }
  return fmt::format("{}={} {} --test-case={}", seeds_variable, seed, program_invocation_name,
                     detail::for_a_shell(filter));
}

}  // namespace coppice
