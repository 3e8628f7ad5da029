#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <coppice/chaos/chaos_table.hpp>
#include <coppice/chaos/markup.hpp>
#include <coppice/chaos/sweep_junit.hpp>

namespace coppice {

namespace {

std::string lines_of(const std::vector<chaos_violation>& broken) {
  std::string lines;
  for (const auto& each : broken) lines += "  " + to_string(each) + "\n";
  return lines;
}

// Why nobody knows whether a process stands its hits; empty: each was done.
std::string why_skipped(const sweep_outcome& outcome, const sweep_share& of) {
  if (!outcome.without_hit.empty()) return "nothing was hit: something was wrong before";
  if (of.all_runs == 0) return "no run hits it: it is at none of the points, in none of the ways, that were chosen";
  if (of.runs == of.all_runs) return "";
  return fmt::format("{}: {} of {} runs with a hit on it were done",
                     outcome.interrupted ? "the sweep was interrupted" : "the sweep is not complete", of.runs,
                     of.all_runs);
}

class suite_writer {
 public:
  void passed(std::string_view name) { begin(name) += "/>\n"; }

  void skipped(std::string_view name, std::string_view why) {
    ++skipped_;
    begin(name) += fmt::format(">\n      <skipped message=\"{}\"/>\n    </testcase>\n", detail::escape_markup(why));
  }

  void failed(std::string_view name, std::string_view message, std::string_view text) {
    ++failed_;
    begin(name) += fmt::format(">\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n",
                               detail::escape_markup(message), detail::escape_markup(text));
  }

  std::string write(std::uint64_t seed) const {
    return fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"coppice chaos --sweep, seed "
        "{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">\n{}  </testsuite>\n</testsuites>\n",
        seed, count_, failed_, skipped_, cases_);
  }

 private:
  std::string& begin(std::string_view name) {
    ++count_;
    return cases_ += fmt::format("    <testcase classname=\"sweep\" name=\"{}\"", detail::escape_markup(name));
  }

  std::size_t count_ = 0;
  std::size_t failed_ = 0;
  std::size_t skipped_ = 0;
  std::string cases_;
};

}  // namespace

std::string sweep_junit(const sweep_outcome& outcome, std::uint64_t seed,
                        const std::function<std::string(const sweep_failure&)>& replay, const std::string& whole) {
  constexpr std::string_view without_hit = "without a hit";
  suite_writer suite;
  if (outcome.without_hit.empty()) {
    suite.passed(without_hit);
  } else {
    suite.failed(without_hit, to_string(outcome.without_hit.front()),
                 fmt::format("something is wrong before anything is hit:\n{}  to see it again: {}\n",
                             lines_of(outcome.without_hit), whole));
  }
  std::map<std::string_view, std::vector<const sweep_failure*>> by_path;
  for (const auto& each : outcome.failures) by_path[each.point.path].push_back(&each);
  for (const auto& [path, share] : outcome.processes) {
    const std::string why = why_skipped(outcome, share);
    const auto failures = by_path.find(path);
    if (failures == by_path.end()) {
      if (why.empty()) {
        suite.passed(path);
      } else {
        suite.skipped(path, why);
      }
      continue;
    }
    std::string text;
    for (const sweep_failure* each : failures->second) {
      text += fmt::format("{}, {}:\n{}  to see it again: {}\n", to_string(each->point), to_string(each->way),
                          lines_of(each->broken), replay(*each));
    }
    if (!why.empty()) text += why + "\n";
    suite.failed(path, to_string(failures->second.front()->broken.front()), text);
  }
  return suite.write(seed);
}

}  // namespace coppice
