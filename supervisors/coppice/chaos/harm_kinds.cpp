#include <algorithm>
#include <array>
#include <map>

#include <coppice/chaos/harm_kinds.hpp>

namespace coppice::detail {

namespace {

// A page has ten colours.
constexpr std::array<std::string_view, 9> known{"kill", "crash", "throw", "exit_signal", "fail_starts",
                                                "hang", "slow",  "delay", "bad_alloc"};

}  // namespace

std::string_view kind_of_way(std::string_view way) {
  return way.substr(0, way.find(' '));
}

std::vector<harm_kind> harm_kinds(const chaos_record& record) {
  std::map<std::string_view, std::size_t> counts;
  for (const auto& each : record.hits) ++counts[kind_of_way(each.way)];
  std::vector<harm_kind> kinds;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const auto found = counts.find(known[i]);
    if (found != counts.end()) kinds.push_back({std::string{known[i]}, i, found->second});
  }
  std::size_t next = known.size();
  for (const auto& [name, count] : counts) {
    if (std::find(known.begin(), known.end(), name) == known.end()) kinds.push_back({std::string{name}, next++, count});
  }
  return kinds;
}

}  // namespace coppice::detail
