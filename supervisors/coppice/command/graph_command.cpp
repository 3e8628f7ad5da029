#include <coppice/command/built_in_workers.hpp>
#include <coppice/command/checked_tree.hpp>
#include <coppice/command/complaint.hpp>
#include <coppice/command/graph_command.hpp>
#include <coppice/command/overwriting.hpp>
#include <coppice/command/printed_answer.hpp>
#include <coppice/tree/graphviz.hpp>
#include <coppice/tree/tree_graph.hpp>

namespace coppice::command {

exit_status graph(const graph_options& options) {
  const worker_registry workers = workers_with(options.libraries);
  const auto root = read_tree(options.tree, workers, options.libraries);
  if (!root) return bad_input;
  refuse_to_overwrite("graph", "--output", options.to, options.files_read());
  std::string drawing = tree_graph(*root);
  if (options.as == graph_options::format::svg) {
    graphviz_answer answer = svg_from_dot(drawing);
    if (!answer.svg) {
      complain(answer.error);
      return failed;
    }
    drawing = std::move(*answer.svg);
  }
  return print(options.to, drawing);
}

}  // namespace coppice::command
