#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include <coppice/chaos/tree_view.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/tree/chaos_plan.hpp>
#include <coppice/tree/worker_registry.hpp>

namespace coppice {

/// Of which class the worker is that lives at a path; null if that is not known.
using worker_lookup = std::function<const worker*(std::string_view path, pid process)>;

/// Whether two JSON values are the same, numbers to 12 significant digits.
bool is_same_answer(const nlohmann::json& left, const nlohmann::json& right);

/// Calls the worker of a plan's expectation: nothing if the answer is the expected one, otherwise what is wrong. Exits
/// the caller as `call` does. Blocks the process.
std::optional<std::string> check_expectation(const chaos_expectation& expected, const tree_view& tree,
                                             const worker_lookup& worker_at);

}  // namespace coppice
