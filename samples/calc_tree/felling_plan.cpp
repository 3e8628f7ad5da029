#include "felling_plan.hpp"

#include <algorithm>

namespace calc_tree {

std::string_view to_string(cut_kind kind) noexcept {
  constexpr std::string_view names[cut_kinds] = {"kill", "division by zero", "exit signal", "crash in a group",
                                                 "whole supervisor"};
  return names[static_cast<std::size_t>(kind)];
}

felling_plan::felling_plan(const calculators& of, std::uint64_t seed) : of_{of}, random_{seed} {}

felling felling_plan::next() {
  if (coming_.empty()) {
    coming_ = {cut_kind::kill, cut_kind::crash, cut_kind::exit_signal};
    if (!of_.in_groups().empty()) coming_.push_back(cut_kind::group);
    if (!of_.supervisors().empty()) coming_.push_back(cut_kind::subtree);
    for (std::size_t left = coming_.size(); left > 1; --left) std::swap(coming_[left - 1], coming_[below(left)]);
  }
  const cut_kind kind = coming_.back();
  coming_.pop_back();
  switch (kind) {
    case cut_kind::group: return {kind, {of_.in_groups()[below(of_.in_groups().size())]}};
    // One after the other: in a short run too, the largest is among them.
    case cut_kind::subtree: return {kind, {of_.supervisors()[next_supervisor_++ % of_.supervisors().size()]}};
    default: return {kind, some_calculators()};
  }
}

// One to five that do not share a group: what one of them costs must not depend on the others.
std::vector<std::string> felling_plan::some_calculators() {
  const auto& groups = of_.in_groups();
  std::vector<std::string> free;
  for (const auto& each : of_.all()) {
    if (std::find(groups.begin(), groups.end(), each.path) == groups.end()) free.push_back(each.path);
  }
  if (free.empty()) return {groups[below(groups.size())]};
  const std::size_t wanted = std::min<std::size_t>(1 + below(5), free.size());
  for (std::size_t place = 0; place < wanted; ++place) std::swap(free[place], free[place + below(free.size() - place)]);
  free.resize(wanted);
  std::sort(free.begin(), free.end());
  return free;
}

// The standard's distributions may differ from one library to the next. The tiny bias of the remainder does not matter
// here.
std::size_t felling_plan::below(std::size_t limit) {
  return static_cast<std::size_t>(random_() % limit);
}

}  // namespace calc_tree
