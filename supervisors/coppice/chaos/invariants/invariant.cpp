#include <coppice/chaos/invariants/invariant.hpp>

namespace coppice {

invariant::~invariant() = default;
void invariant::see(const tree_step&, const known_tree&, violation_list&) {}
void invariant::check_quiet(const known_tree&, tree_scene&, violation_list&) {}
void invariant::check_gone(const known_tree&, tree_scene&, violation_list&) {}

}  // namespace coppice
