#include <coppice/command/built_in_workers.hpp>
#include <coppice/command/check_command.hpp>
#include <coppice/command/checked_tree.hpp>
#include <coppice/command/printed_answer.hpp>
#include <coppice/tree/tree_promise.hpp>

namespace coppice::command {

exit_status check(const check_options& options) {
  const worker_registry workers = workers_with(options.libraries);
  const auto root = read_tree(options.tree, workers, options.libraries);
  if (!root) return bad_input;
  return print("-", promise_text(promise_of(*root), shown_name(options.tree)));
}

}  // namespace coppice::command
