#include <initializer_list>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <coppice/supervision/auto_shutdown.hpp>
#include <coppice/supervision/restart_type.hpp>
#include <coppice/supervision/strategy.hpp>
#include <coppice/tree/chaos_plan_schema.hpp>
#include <coppice/tree/schema_parts.hpp>
#include <coppice/tree/tree_limits.hpp>
#include <coppice/tree/tree_schema.hpp>

namespace coppice {

namespace {

// Keeps the keys in the order in which a person would list them.
using json = nlohmann::ordered_json;
using detail::reference;
using detail::whole_number;
using detail::with_default;

template <class Enum>
json words(std::initializer_list<Enum> values) {
  json list = json::array();
  for (Enum const value : values) list.push_back(to_string(value));
  return list;
}

json identifier(std::string_view title, std::string_view description) {
  return {{"title", title},
          {"description", description},
          {"type", "string"},
          {"pattern", "^[a-z][a-z0-9_]*$"},
          {"maxLength", tree_limits::max_name_length}};
}

json id() {
  return identifier(
      "Id", "Unique among the children of one supervisor. The ids from the root on, joined by /, are the path.");
}

json name() {
  auto schema =
      identifier("Registered name",
                 "Other processes reach it by this name. Unique in the tree; replicas get their number as suffix.");
  schema["not"] = {{"const", "undefined"}};
  return schema;
}

json restart() {
  return {
      {"title", "Restart"},
      {"description",
       "Whether a child that ended is started again. permanent: always. transient: unless its exit reason was normal, "
       "shutdown or {shutdown,_}. temporary: never."},
      {"enum", words({restart_type::permanent, restart_type::transient, restart_type::temporary})},
      {"default", to_string(restart_type::permanent)}};
}

json shutdown(std::string_view description) {
  return {{"title", "Shutdown"},
          {"description", description},
          {"oneOf",
           {{{"type", "integer"}, {"minimum", 0}, {"maximum", tree_limits::max_shutdown_ms}},
            {{"enum", {"brutal_kill", "infinity"}}}}}};
}

json significant() {
  return {
      {"title", "Significant"},
      {"description",
       "Whether its end by itself may shut the supervisor down, as auto_shutdown there says. Only for transient and "
       "temporary children, and only where auto_shutdown is not never."},
      {"type", "boolean"},
      {"default", false}};
}

// What supervisors have, the root and inner ones.
json supervisor_properties() {
  return {
      {"id", id()},
      {"strategy",
       {{"title", "Strategy"},
        {"description",
         "What a restart does to the other children. one_for_one: nothing. one_for_all: all end and start again. "
         "rest_for_one: "
         "those started later end and start again."},
        {"enum", words({strategy::one_for_one, strategy::one_for_all, strategy::rest_for_one})},
        {"default", to_string(strategy::one_for_one)}}},
      {"max_restarts",
       with_default(
           whole_number("Restart budget",
                        "So many restarts within max_seconds are allowed; with one more the supervisor gives up. All "
                        "its children share it.",
                        0, tree_limits::max_restarts),
           1)},
      {"max_seconds",
       with_default(whole_number("Window of the restart budget", "In seconds.", 1, tree_limits::max_seconds), 5)},
      {"auto_shutdown",
       {{"title", "Automatic shutdown"},
        {"description",
         "Whether the supervisor ends itself when a significant child has ended by itself: never, with the first of "
         "them, or "
         "with the last."},
        {"enum", words({auto_shutdown::never, auto_shutdown::any_significant, auto_shutdown::all_significant})},
        {"default", to_string(auto_shutdown::never)}}},
      {"name", name()},
      {"cost", detail::cost()},
      {"children",
       {{"title", "Children"},
        {"description", "Started in this order, ended in reverse order."},
        {"type", "array"},
        {"items", reference("child")},
        {"default", json::array()}}},
  };
}

// Without `auto_shutdown` nothing may be significant.
json never_needs_no_significant() {
  json const not_significant = {{"properties", {{"significant", {{"const", false}}}}}};
  return {{"if", {{"properties", {{"auto_shutdown", {{"const", to_string(auto_shutdown::never)}}}}}}},
          {"then", {{"properties", {{"children", {{"items", not_significant}}}}}}}};
}

json inner_supervisor() {
  json properties = supervisor_properties();
  properties["type"] = {{"title", "Type"}, {"description", "A supervisor has to say so."}, {"const", "supervisor"}};
  properties["restart"] = restart();
  properties["shutdown"] = with_default(shutdown("How long it may take to end before it is killed: milliseconds, "
                                                 "brutal_kill (killed at once), or infinity, so "
                                                 "that it can end its own children."),
                                        "infinity");
  properties["significant"] = significant();
  return {{"title", "Supervisor"},
          {"type", "object"},
          {"properties", std::move(properties)},
          {"required", {"id", "type"}},
          {"additionalProperties", false},
          {"allOf", json::array({never_needs_no_significant()})}};
}

json worker() {
  json properties = {
      {"id", id()},
      {"type",
       {{"title", "Type"},
        {"description", "What is no supervisor is a worker, so it may be left out."},
        {"const", "worker"},
        {"default", "worker"}}},
      {"start",
       {{"title", "Start"}, {"description", "The name under which the worker is registered."}, {"type", "string"}}},
      {"args",
       {{"title", "Arguments"},
        {"description", "Handed to the worker's init; each worker says what it takes."},
        {"default", json::object()}}},
      {"restart", restart()},
      {"shutdown",
       with_default(
           shutdown("How long it may take to end before it is killed: milliseconds, brutal_kill (killed at once), or "
                    "infinity."),
           5000)},
      {"significant", significant()},
      {"name", name()},
      {"count", whole_number("Replicas", "Starts so many of them, with the ids ID-1, ID-2 and so on.", 1,
                             tree_limits::max_processes)},
      {"stack", whole_number("Stack", "Bytes of the stack of each process. Left out: the default of the runtime.",
                             tree_limits::min_stack_bytes, tree_limits::max_stack_bytes)},
      {"cost", detail::cost()},
  };
  return {{"title", "Worker"},
          {"type", "object"},
          {"properties", std::move(properties)},
          {"required", {"id", "start"}},
          {"additionalProperties", false}};
}

// `significant` needs another restart type than the default.
json significant_needs_restart() {
  return {{"if", {{"properties", {{"significant", {{"const", true}}}}}, {"required", {"significant"}}}},
          {"then",
           {{"properties", {{"restart", {{"enum", words({restart_type::transient, restart_type::temporary})}}}}},
            {"required", {"restart"}}}}};
}

json child() {
  // By `if` and not by `oneOf`: an editor then shows the faults of the kind that was meant.
  return {{"title", "Child"},
          {"type", "object"},
          {"if", {{"properties", {{"type", {{"const", "supervisor"}}}}}, {"required", {"type"}}}},
          {"then", reference("supervisor")},
          {"else", reference("worker")},
          {"allOf", json::array({significant_needs_restart()})}};
}

}  // namespace

std::string tree_schema() {
  json properties = {
      {"$schema",
       {{"title", "Schema"}, {"description", "For editors: where this schema is found."}, {"type", "string"}}}};
  properties.update(supervisor_properties());
  properties["type"] = {
      {"title", "Type"}, {"description", "The root is always a supervisor."}, {"const", "supervisor"}};
  properties["chaos"] = {
      {"title", "Chaos plan"},
      {"description", "What `coppice chaos` does to the tree, for how long, and what it has to stand."},
      {"allOf", json::array({reference("chaos_plan")})}};
  json definitions = {{"child", child()},
                      {"supervisor", inner_supervisor()},
                      {"worker", worker()},
                      {"chaos_plan", detail::chaos_plan_object()}};
  definitions.update(detail::chaos_plan_definitions());
  json const schema = {
      {"$schema", "http://json-schema.org/draft-07/schema#"},
      {"title", "Coppice tree"},
      {"description", "A supervision tree. The file is the root, a supervisor."},
      {"type", "object"},
      {"properties", std::move(properties)},
      {"required", {"id"}},
      {"additionalProperties", false},
      {"allOf", json::array({never_needs_no_significant()})},
      {"definitions", std::move(definitions)},
  };
  return schema.dump(2) + '\n';
}

}  // namespace coppice
