#include <utility>

#include <fmt/format.h>

#include <coppice/chaos/watched_tree.hpp>
#include <coppice/process/live_objects.hpp>
#include <coppice/process/timer.hpp>
#include <coppice/telemetry/busy_processes.hpp>

namespace coppice {

namespace {

constexpr const char* comes_to_rest = "the tree comes to rest";

invariant_options options_of(const watched_tree::options& how) {
  invariant_options made;
  made.tree = how.tree;
  made.workers = how.workers;
  made.virtual_time = how.virtual_time;
  made.longest_delay = how.longest_delay;
  made.count = count_live_objects;
  return made;
}

}  // namespace

watched_tree::watched_tree(const options& how)
    : root_{how.tree != nullptr ? how.tree->id : how.root}, is_virtual_{how.virtual_time}, checker_{options_of(how)} {
  for (const auto& each : how.expected) checker_.add(each);
  for (const auto& each : how.invariants) checker_.add(each.name, each.rule);
}

void watched_tree::before_start() {
  checker_.begin();
}

void watched_tree::root_started(pid root) {
  checker_.root_started(root_, root, monotonic_time());
}

void watched_tree::at_rest() {
  checker_.check_quiet({}, monotonic_time());
}

void watched_tree::answers(std::span<const chaos_expectation> expected) {
  checker_.check_answers(expected, monotonic_time());
}

void watched_tree::does_not_rest(const tree_journal& who) {
  std::vector<std::string> busy;
  for (const auto& each : detail::busy_processes(who)) busy.push_back(each.path + detail::handler_text(each.process));
  const bool are_many = busy.size() > 1;
  if (busy.empty()) busy.emplace_back("a process");
  own_.push_back({comes_to_rest,
                  {},
                  is_virtual_ ? fmt::format("{} wait{} for something that will never come", fmt::join(busy, ", "),
                                            are_many ? "" : "s")
                              : fmt::format("{} {} still busy when the time for it was over", fmt::join(busy, ", "),
                                            are_many ? "were" : "was"),
                  monotonic_time()});
}

void watched_tree::after_end() {
  checker_.check_gone({}, monotonic_time());
}

std::vector<chaos_violation> watched_tree::violations() const {
  auto all = checker_.violations();
  all.insert(all.end(), own_.begin(), own_.end());
  return all;
}

std::vector<std::string> invariant_names(const chaos_plan& plan, const std::vector<named_invariant>& own) {
  auto names = invariant_checker::names();
  names.emplace_back(comes_to_rest);
  if (!plan.expect.empty()) names.emplace_back("expectation");
  for (const auto& each : own) names.push_back(each.name);
  return names;
}

}  // namespace coppice
