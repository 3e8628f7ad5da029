#include <algorithm>
#include <array>
#include <map>

#include <coppice/chaos/harm_kinds.hpp>

namespace coppice::detail {

namespace {

struct known_kind {
  std::string_view name;        // As a plan calls it.
  std::string_view first_word;  // Of its hits in a record.
};

// A page has ten colours. Each alternative of `chaos_harm` has its own here.
constexpr std::array<known_kind, 9> known{{{"kill", "kill"},
                                           {"crash", "crash"},
                                           {"throw", "throw"},
                                           {"exit", "exit"},
                                           {"fail_starts", "fail"},
                                           {"hang", "hang"},
                                           {"slow", "slow"},
                                           {"delay", "delay"},
                                           {"bad_alloc", "bad_alloc"}}};

}  // namespace

std::string_view kind_of_way(std::string_view way) {
  const std::string_view word = way.substr(0, way.find(' '));
  const auto found =
      std::find_if(known.begin(), known.end(), [&](const auto& each) { return each.first_word == word; });
  return found == known.end() ? word : found->name;
}

std::vector<harm_kind> harm_kinds(const chaos_record& record) {
  std::map<std::string_view, std::size_t> counts;
  for (const auto& each : record.hits) ++counts[kind_of_way(each.way)];
  std::vector<harm_kind> kinds;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const auto found = counts.find(known[i].name);
    if (found != counts.end()) kinds.push_back({std::string{known[i].name}, i, found->second});
  }
  std::size_t next = known.size();
  for (const auto& counted : counts) {
    const bool is_known =
        std::any_of(known.begin(), known.end(), [&](const auto& each) { return each.name == counted.first; });
    if (!is_known) kinds.push_back({std::string{counted.first}, next++, counted.second});
  }
  return kinds;
}

}  // namespace coppice::detail
