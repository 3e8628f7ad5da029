#pragma once

#include <string>

namespace coppice {

struct supervisor_spec;

/// The tree as a drawing in Graphviz's language, DOT.
///
/// Supervisors are boxes with strategy and restart budget, workers ellipses with what they run; children stand below
/// each other in start order. The line to a child is solid if it is permanent, dashed if transient, dotted if
/// temporary; a significant child is drawn bold. More than 8 replicas share one node with their number; a run of more
/// than 12 workers is drawn as a table, up to ten in a row, with `transient` and `temporary` written in it. Where more
/// than 40 ellipses would be left, a run of more than 3 is: so a tree of hundreds stays readable.
std::string tree_graph(supervisor_spec const& root);

}  // namespace coppice
