#include <map>
#include <vector>

#include <fmt/format.h>

#include <coppice/chaos/chaos_table.hpp>
#include <coppice/chaos/markup.hpp>
#include <coppice/chaos/sweep_junit.hpp>

namespace coppice {

std::string sweep_junit(const sweep_outcome& outcome, std::uint64_t seed,
                        const std::function<std::string(const sweep_failure&)>& replay) {
  std::map<std::string, std::vector<const sweep_failure*>> by_path;
  for (const auto& each : outcome.points) by_path.try_emplace(each.path);
  for (const auto& each : outcome.failures) by_path[each.point.path].push_back(&each);
  std::size_t failed = 0;
  std::string cases;
  for (const auto& [path, failures] : by_path) {
    const std::string head = fmt::format("    <testcase classname=\"sweep\" name=\"{}\"", detail::escape_markup(path));
    if (failures.empty()) {
      cases += head + "/>\n";
      continue;
    }
    ++failed;
    std::string text;
    for (const sweep_failure* each : failures) {
      text += fmt::format("{}, {}:\n", to_string(each->point), to_string(each->way));
      for (const auto& broken : each->broken) text += "  " + to_string(broken) + "\n";
      text += "  to see it again: " + replay(*each) + "\n";
    }
    cases +=
        fmt::format("{}>\n      <failure message=\"{}\">{}</failure>\n    </testcase>\n", head,
                    detail::escape_markup(to_string(failures.front()->broken.front())), detail::escape_markup(text));
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"coppice chaos --sweep, seed {}\" "
      "tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\">\n{}  </testsuite>\n</testsuites>\n",
      seed, by_path.size(), failed, cases);
}

}  // namespace coppice
