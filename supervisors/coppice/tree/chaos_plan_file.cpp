#include <coppice/tree/chaos_plan_checker.hpp>
#include <coppice/tree/chaos_plan_file.hpp>
#include <coppice/tree/input_file.hpp>
#include <coppice/tree/json_reader.hpp>

namespace coppice {

chaos_plan_file read_chaos_plan_file(const std::string& path, const supervisor_spec& root,
                                     const worker_catalogue& workers) {
  chaos_plan_file result{std::nullopt, fault_list{path == "-" ? "standard input" : path}};
  const auto text = read_input(path, result.faults);
  if (!text) return result;
  const auto json = read_json(*text, R"(a chaos plan, such as {"duration_ms": 60000, "faults": [{"victims": "leaf"}]})",
                              result.faults);
  if (!json) return result;
  auto plan = check_chaos_plan(*json, "", root, workers, result.faults);
  result.faults.sort_by_offset();
  // A second key of a name is noticed by the reader, so that the checker may be content and the file wrong.
  if (result.faults.empty()) result.plan = std::move(plan);
  return result;
}

}  // namespace coppice
