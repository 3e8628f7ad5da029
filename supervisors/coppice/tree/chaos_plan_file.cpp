#include <string_view>
#include <utility>

#include <coppice/tree/chaos_plan_checker.hpp>
#include <coppice/tree/chaos_plan_file.hpp>
#include <coppice/tree/input_file.hpp>
#include <coppice/tree/json_reader.hpp>

namespace coppice {

namespace {

fault_list faults_in(const std::string& path) {
  return fault_list{path == "-" ? "standard input" : path};
}

constexpr std::string_view a_plan = R"(a chaos plan, such as {"duration_ms": 60000, "faults": [{"victims": "leaf"}]})";
constexpr std::string_view expectations =
    R"(expectations, such as [{"call": "root/a", "message": "view", "equals": 150}])";

std::optional<located_json> read(const std::string& path, std::string_view what, fault_list& faults) {
  const auto text = read_input(path, faults);
  if (!text) return std::nullopt;
  return read_json(*text, what, faults);
}

}  // namespace

chaos_plan_file read_chaos_plan_file(const std::string& path, const supervisor_spec& root,
                                     const worker_catalogue& workers) {
  chaos_plan_file result{std::nullopt, faults_in(path)};
  const auto json = read(path, a_plan, result.faults);
  if (!json) return result;
  auto plan = check_chaos_plan(*json, "", root, workers, result.faults);
  result.faults.sort_by_offset();
  // A second key of a name is noticed by the reader, so that the checker may be content and the file wrong.
  if (result.faults.empty()) result.plan = std::move(plan);
  return result;
}

fault_list find_chaos_plan_faults(const std::string& path, const worker_catalogue& workers) {
  fault_list faults = faults_in(path);
  if (const auto json = read(path, a_plan, faults)) check_chaos_plan_shape(*json, "", workers, faults);
  faults.sort_by_offset();
  return faults;
}

chaos_expectations_file read_chaos_expectations_file(const std::string& path, const supervisor_spec& root,
                                                     const worker_catalogue& workers) {
  chaos_expectations_file result{std::nullopt, faults_in(path)};
  const auto json = read(path, expectations, result.faults);
  if (!json) return result;
  auto expected = check_chaos_expectations(*json, root, workers, result.faults);
  result.faults.sort_by_offset();
  if (result.faults.empty()) result.expected = std::move(expected);
  return result;
}

fault_list find_chaos_expectations_faults(const std::string& path, const worker_catalogue& workers) {
  fault_list faults = faults_in(path);
  if (const auto json = read(path, expectations, faults)) check_chaos_expectations_shape(*json, workers, faults);
  faults.sort_by_offset();
  return faults;
}

}  // namespace coppice
