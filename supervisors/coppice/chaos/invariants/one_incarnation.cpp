#include <fmt/format.h>

#include <coppice/chaos/invariants/one_incarnation.hpp>

namespace coppice {

void one_incarnation::see(const tree_step& step, const known_tree& tree, violation_list& found) {
  // Its successor may already be running when its start begins. One that was there then is not told of twice.
  if (step.what != tree_step::kind::child_starting) return;
  if (const pid before = tree.holder_of(step.path)) {
    found.add(name(), step.path,
              fmt::format("a successor is started by {}, and {} has not ended", to_string(step.supervisor_process),
                          to_string(before)));
  }
}

}  // namespace coppice
