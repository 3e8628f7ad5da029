#include <coppice/command/built_in_workers.hpp>
#include <coppice/command/check_command.hpp>
#include <coppice/command/checked_tree.hpp>
#include <coppice/command/printed_answer.hpp>
#include <coppice/tree/tree_promise.hpp>

namespace coppice::command {

exit_status check(const check_options& options) {
  const worker_registry workers = workers_with(options.libraries);
  const auto tree = read_whole_tree(options.tree, workers, options.libraries);
  if (!tree) return bad_input;
  const tree_promise promise = tree->chaos ? promise_of(*tree->root, *tree->chaos) : promise_of(*tree->root);
  return print("-", promise_text(promise, shown_name(options.tree)));
}

}  // namespace coppice::command
