#include <fmt/format.h>

#include <coppice/chaos/invariants/calls_settled.hpp>
#include <coppice/process/waiting_callers.hpp>

namespace coppice {

void calls_settled::check_quiet(const known_tree& tree, tree_scene& scene, violation_list& found) {
  // A living server may answer later.
  if (answered_ + failed_ > begun_) tell_counts(found);
  // In real time nobody stands still to be looked at.
  if (!scene.is_virtual) return;
  for (const pid caller : detail::callers_in_vain()) {
    const known_life* const life = tree.find_life(caller);
    found.add(name(), life != nullptr ? life->path : std::string{},
              fmt::format("{} waits for an answer that no living process owes it", to_string(caller)));
  }
}

void calls_settled::check_gone(const known_tree&, tree_scene&, violation_list& found) {
  if (answered_ + failed_ != begun_) tell_counts(found);
}

void calls_settled::tell_counts(violation_list& found) {
  found.add(name(), "", fmt::format("of {} calls {} were answered and {} failed", begun_, answered_, failed_));
}

}  // namespace coppice
