#pragma once

#include <coppice/command/command_options.hpp>
#include <coppice/command/exit_status.hpp>

namespace coppice::command {

/// `coppice graph TREE`: draws it, in DOT or, through Graphviz, as an SVG. Starts nothing of the tree.
exit_status graph(const graph_options& options);

}  // namespace coppice::command
