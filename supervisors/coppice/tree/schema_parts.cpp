#include <chrono>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <coppice/tree/schema_parts.hpp>
#include <coppice/tree/tree_limits.hpp>

namespace coppice::detail {

using json = nlohmann::ordered_json;

namespace {

json microseconds(std::string_view title, std::string_view description) {
  return number(title, description, 0, std::chrono::duration<double, std::micro>{tree_limits::max_cost}.count());
}

}  // namespace

json reference(std::string_view name) {
  return {{"$ref", fmt::format("#/definitions/{}", name)}};
}

json whole_number(std::string_view title, std::string_view description, std::uint64_t least, std::uint64_t most) {
  return {{"title", title}, {"description", description}, {"type", "integer"}, {"minimum", least}, {"maximum", most}};
}

json number(std::string_view title, std::string_view description, double least, double most) {
  return {{"title", title}, {"description", description}, {"type", "number"}, {"minimum", least}, {"maximum", most}};
}

json with_default(json schema, json value) {
  schema["default"] = std::move(value);
  return schema;
}

json cost() {
  const json each = {
      {"title", "Virtual time of the steps"},
      {"description", "Each step on its own."},
      {"type", "object"},
      {"properties",
       {{"init_us", with_default(microseconds("Init", "Microseconds that a start takes."), 1)},
        {"handler_us", with_default(microseconds("Handler", "Microseconds that each message takes."), 1)},
        {"terminate_us", with_default(microseconds("Terminate", "Microseconds that an orderly end takes."), 1)},
        {"distribution",
         {{"title", "Distribution"},
          {"description",
           "constant: always that time. uniform: anything from 0 to twice that time. exponential: mostly less, "
           "sometimes much more; that time is the mean."},
          {"enum", {"constant", "uniform", "exponential"}},
          {"default", "constant"}}}}},
      {"additionalProperties", false}};
  return {{"title", "Virtual cost"},
          {"description",
           "The virtual time that a start, each message and an orderly end take in a chaos run, in microseconds: one "
           "number for all three, or an object. Elsewhere it has no meaning."},
          {"default", 1},
          {"anyOf",
           json::array({microseconds("Virtual time of each step", "Microseconds, for each kind of step."), each})}};
}

}  // namespace coppice::detail
