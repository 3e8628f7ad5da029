#include <coppice/tree/chaos_plan_checker.hpp>
#include <coppice/tree/chaos_plan_file.hpp>
#include <coppice/tree/input_file.hpp>
#include <coppice/tree/json_reader.hpp>

namespace coppice {

namespace {

fault_list faults_in(const std::string& path) {
  return fault_list{path == "-" ? "standard input" : path};
}

std::optional<located_json> read_plan(const std::string& path, fault_list& faults) {
  const auto text = read_input(path, faults);
  if (!text) return std::nullopt;
  return read_json(*text, R"(a chaos plan, such as {"duration_ms": 60000, "faults": [{"victims": "leaf"}]})", faults);
}

}  // namespace

chaos_plan_file read_chaos_plan_file(const std::string& path, const supervisor_spec& root,
                                     const worker_catalogue& workers) {
  chaos_plan_file result{std::nullopt, faults_in(path)};
  const auto json = read_plan(path, result.faults);
  if (!json) return result;
  auto plan = check_chaos_plan(*json, "", root, workers, result.faults);
  result.faults.sort_by_offset();
  // A second key of a name is noticed by the reader, so that the checker may be content and the file wrong.
  if (result.faults.empty()) result.plan = std::move(plan);
  return result;
}

fault_list find_chaos_plan_faults(const std::string& path, const worker_catalogue& workers) {
  fault_list faults = faults_in(path);
  if (const auto json = read_plan(path, faults)) check_chaos_plan_shape(*json, "", workers, faults);
  faults.sort_by_offset();
  return faults;
}

}  // namespace coppice
