#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace coppice {

/// A JSON Schema (draft 7) of files with a chaos plan, as `tree_schema` is of tree files.
///
/// It accepts every plan that the checker accepts. What a schema cannot say, the checker alone finds: patterns that
/// match nothing, messages and answers, times of less than a nanosecond, phases that have the same name or are too long
/// together, more than one kind of victims, and a plan that does nothing.
std::string chaos_plan_schema();

namespace detail {

/// The plan in a tree file; it refers to `chaos_plan_definitions`.
nlohmann::ordered_json chaos_plan_object();

/// Its parts, by name.
nlohmann::ordered_json chaos_plan_definitions();

}  // namespace detail

}  // namespace coppice
