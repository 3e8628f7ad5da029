#include "comparison.hpp"

#include <algorithm>

namespace coppice::conformance {
namespace {

constexpr std::size_t context_before = 6;
constexpr std::size_t context_after = 3;

/// The step that is under way at a line: one more than the last idle before it.
std::string step_at(const std::vector<std::string>& lines, std::size_t at) {
  for (std::size_t before = at; before > 0; --before) {
    const auto& line = lines[before - 1];
    if (line.starts_with("idle ")) return "the step after " + line.substr(0, line.find(' ', 5));
  }
  return "step 0";
}

std::string side(const std::string& name, const std::vector<std::string>& lines, std::size_t from) {
  std::string text;
  for (std::size_t at = from; at < from + context_after; ++at) {
    if (at >= lines.size()) return text + "  " + name + ": (nothing more)\n";
    text += "  " + name + ": " + lines[at] + "\n";
  }
  return text;
}

}  // namespace

std::optional<std::string> first_difference(const normal_trace& expected, const normal_trace& actual,
                                            const std::string& expected_name, const std::string& actual_name,
                                            bool strict) {
  auto [in_expected, in_actual] =
      std::mismatch(expected.lines.begin(), expected.lines.end(), actual.lines.begin(), actual.lines.end());
  if (in_expected != expected.lines.end() || in_actual != actual.lines.end()) {
    auto at = static_cast<std::size_t>(in_expected - expected.lines.begin());
    std::string text = "line " + std::to_string(at + 1) + " of the normal form, " + step_at(expected.lines, at) + ":\n";
    for (auto before = at - std::min(at, context_before); before < at; ++before)
      text += "  both: " + expected.lines[before] + "\n";
    return text + side(expected_name, expected.lines, at) + side(actual_name, actual.lines, at);
  }
  if (strict) {
    for (const auto* trace : {&expected, &actual}) {
      if (!trace->notes.empty())
        return (trace == &expected ? expected_name : actual_name) + ": left out: " + trace->notes.front() + "\n";
    }
  }
  return std::nullopt;
}

}  // namespace coppice::conformance
