#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <coppice/chaos/growth_check.hpp>
#include <coppice/chaos/junit_file.hpp>
#include <coppice/chaos/limits_check.hpp>
#include <coppice/chaos/markup.hpp>
#include <coppice/chaos/time_text.hpp>

namespace coppice {

namespace {

using detail::escape_markup;

// A file that CI shows line by line: who wants all of it has the report.
constexpr std::size_t most_told = 100;

struct test_case {
  std::string group;
  std::string name;
  std::vector<std::string> failures;
  std::string skipped;  // Why it says nothing; empty if it does.
};

void note_failure(std::vector<test_case>& cases, std::string_view group, const chaos_violation& broken,
                  const std::string& name) {
  auto found = std::find_if(cases.begin(), cases.end(),
                            [&](const test_case& each) { return each.group == group && each.name == name; });
  if (found == cases.end()) {
    found = cases.insert(cases.end(), {.group = std::string{group}, .name = name, .failures = {}, .skipped = {}});
  }
  const std::string where = broken.path.empty() ? "" : broken.path + ": ";
  found->failures.push_back(fmt::format("{}{} (at {})", where, broken.text, detail::time_text(broken.time)));
}

test_case recovery(const chaos_record& record, const chaos_figures& figures) {
  test_case made{.group = "recovery", .name = std::string{grew_back}, .failures = {}, .skipped = {}};
  for (const auto& each : check_growth(record, figures)) made.failures.push_back(each.path + ": " + each.text);
  return made;
}

std::string first_words(const test_case& of) {
  if (of.failures.size() == 1) return of.failures.front();
  return fmt::format("{} (and {} more)", of.failures.front(), of.failures.size() - 1);
}

std::string xml_of(const test_case& each, const chaos_record& record, const chaos_verdict& verdict) {
  std::string text =
      fmt::format(R"(    <testcase classname="{}" name="{}")",
                  escape_markup(fmt::format("coppice.chaos.{}.{}", record.root, each.group)), escape_markup(each.name));
  if (!each.skipped.empty()) {
    return text + fmt::format(">\n      <skipped message=\"{}\"/>\n    </testcase>\n", escape_markup(each.skipped));
  }
  if (each.failures.empty()) return text + "/>\n";
  std::string body;
  for (std::size_t i = 0; i < std::min(most_told, each.failures.size()); ++i) body += each.failures[i] + "\n";
  if (each.failures.size() > most_told) body += fmt::format("and {} more\n", each.failures.size() - most_told);
  body += fmt::format("seed: {}\n", record.seed);
  if (!verdict.replay.empty()) body += fmt::format("replay: {}\n", verdict.replay);
  return text + fmt::format(">\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>\n",
                            escape_markup(each.group), escape_markup(first_words(each)), escape_markup(body));
}

}  // namespace

std::string junit_file(const chaos_record& record, const chaos_figures& figures, const chaos_limits& limits,
                       const chaos_verdict& verdict, const std::vector<std::string>& invariants) {
  std::vector<test_case> cases;
  std::vector<std::pair<std::string, std::string>> names;  // Of a limit, and of its test case.
  for (const auto& limit : set_limits(limits)) {
    names.emplace_back(limit.name, fmt::format("{} {}", limit.name, limit.bound));
    cases.push_back({.group = "limits", .name = names.back().second, .failures = {}, .skipped = {}});
  }
  for (const auto& each : invariants) {
    cases.push_back({.group = "invariants", .name = each, .failures = {}, .skipped = {}});
  }
  for (const auto& broken : verdict.broken_limits) {
    const auto named =
        std::find_if(names.begin(), names.end(), [&](const auto& each) { return each.first == broken.invariant; });
    note_failure(cases, "limits", broken, named == names.end() ? broken.invariant : named->second);
  }
  for (const auto& broken : verdict.broken_invariants) {
    if (broken.invariant != grew_back) note_failure(cases, "invariants", broken, broken.invariant);
  }
  cases.push_back(recovery(record, figures));
  for (auto& each : cases) {
    if (record.interrupted && each.failures.empty())
      each.skipped = "the run was interrupted; what was done of it did not break this";
  }
  for (const auto& each : verdict.warnings) {
    cases.push_back({.group = "warnings", .name = "a fault has hit somebody", .failures = {}, .skipped = each});
  }

  const auto failed =
      std::count_if(cases.begin(), cases.end(), [](const auto& each) { return !each.failures.empty(); });
  const auto skipped =
      std::count_if(cases.begin(), cases.end(), [](const auto& each) { return !each.skipped.empty(); });
  const std::string counts =
      fmt::format(R"(tests="{}" failures="{}" errors="0" skipped="{}")", cases.size(), failed, skipped);
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  text += fmt::format("<testsuites {}>\n  <testsuite name=\"{}\" {}>\n", counts,
                      escape_markup(fmt::format("coppice chaos {}", record.root)), counts);
  text += fmt::format("    <properties>\n      <property name=\"seed\" value=\"{}\"/>\n", record.seed);
  text +=
      fmt::format("      <property name=\"replay\" value=\"{}\"/>\n    </properties>\n", escape_markup(verdict.replay));
  for (const auto& each : cases) text += xml_of(each, record, verdict);
  return text + "  </testsuite>\n</testsuites>\n";
}

}  // namespace coppice
