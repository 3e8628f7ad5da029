#include <coppice/tree/chaos_plan_checker.hpp>
#include <coppice/tree/input_file.hpp>
#include <coppice/tree/json_reader.hpp>
#include <coppice/tree/tree_checker.hpp>
#include <coppice/tree/tree_file.hpp>

namespace coppice {

tree_file read_tree_file(std::string const& path, worker_catalogue const& workers) {
  tree_file result{std::nullopt, std::nullopt, fault_list{path == "-" ? "standard input" : path}};
  auto const text = read_input(path, result.faults);
  if (!text) return result;
  auto const json = read_json(*text, "a tree, such as {\"id\": \"root\", \"children\": []}", result.faults);
  if (!json) return result;
  auto root = check_tree(*json, workers, result.faults);
  std::optional<chaos_plan> chaos;
  if (auto const* given = json->find("chaos")) {
    if (root) {
      chaos = check_chaos_plan(*given, "/chaos", *root, workers, result.faults);
    } else {
      // Nobody knows whom it means while the tree is wrong, but what it is by itself can be said now.
      check_chaos_plan_shape(*given, "/chaos", workers, result.faults);
    }
  }
  result.faults.sort_by_offset();
  // A second key of a name is noticed by the reader, so that the checker may be content and the file wrong.
  if (result.faults.empty()) {
    result.root = std::move(root);
    result.chaos = std::move(chaos);
  }
  return result;
}

}  // namespace coppice
