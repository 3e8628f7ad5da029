#include <chrono>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include <coppice/tree/chaos_plan_schema.hpp>
#include <coppice/tree/schema_parts.hpp>
#include <coppice/tree/tree_limits.hpp>

namespace coppice {

namespace {

using detail::number;
using detail::reference;
using detail::whole_number;
using detail::with_default;
using json = nlohmann::ordered_json;

json milliseconds(std::string_view title, std::string_view description) {
  constexpr double nanosecond = 0.000001;
  return number(title, description, nanosecond,
                std::chrono::duration<double, std::milli>{tree_limits::max_chaos_time}.count());
}

json text(std::string_view title, std::string_view description) {
  return {{"title", title}, {"description", description}, {"type", "string"}};
}

json list_of(std::string_view title, std::string_view description, json items, std::size_t least = 1) {
  return {{"title", title},
          {"description", description},
          {"type", "array"},
          {"items", std::move(items)},
          {"minItems", least}};
}

// By `allOf`, since what stands beside a `$ref` does not count.
json described(std::string_view title, std::string_view description, std::string_view definition) {
  return {{"title", title}, {"description", description}, {"allOf", json::array({reference(definition)})}};
}

json object(std::string_view title, std::string_view description, json properties, json required) {
  json schema = {{"title", title},
                 {"description", description},
                 {"type", "object"},
                 {"properties", std::move(properties)},
                 {"additionalProperties", false}};
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

json without(json keys) {
  json each = json::array();
  for (const json& key : keys) each.push_back({{"required", json::array({key})}});
  return {{"not", {{"anyOf", std::move(each)}}}};
}

json pattern() {
  return {
      {"title", "Pattern"},
      {"description",
       "The ids from the root on, joined by /. * stands for any characters of an id, ** for any number of ids: "
       "root/pool/*, root/**."},
      {"type", "string"},
      {"pattern", R"(^(\*\*|\*|\*?[a-z0-9_-]+(\*[a-z0-9_-]+)*\*?)(/(\*\*|\*|\*?[a-z0-9_-]+(\*[a-z0-9_-]+)*\*?))*$)"},
      {"minLength", 1},
      {"not", {{"const", "*"}}}};
}

json one_or_more(std::string_view title, std::string_view description, std::string_view of) {
  return {{"title", title},
          {"description", description},
          {"anyOf", json::array({reference(of), {{"type", "array"}, {"items", reference(of)}, {"minItems", 1}}})}};
}

json except() {
  return one_or_more("Except", "Patterns of those who are left alone.", "pattern");
}

json lasting() {
  return milliseconds("Lasting", "Milliseconds for which the harm lasts.");
}

json reason(std::string_view title, std::string_view description) {
  json schema = text(title, description);
  schema["minLength"] = 1;
  return schema;
}

json harm() {
  const auto way = [](std::string_view title, std::string_view description, std::string_view key, json value,
                      bool lasts = false) {
    json properties;
    properties[std::string{key}] = std::move(value);
    json required = json::array({key});
    if (lasts) {
      properties["lasting_ms"] = lasting();
      required.push_back("lasting_ms");
    }
    return object(title, description, std::move(properties), std::move(required));
  };
  return {
      {"title", "Way of hitting"},
      {"description", "What is done to the process."},
      {"anyOf",
       json::array(
           {{{"title", "Kill or hang"},
             {"description",
              "kill: an exit signal that cannot be trapped. hang: it does not go on, as if a handler did not return."},
             {"enum", {"kill", "hang"}}},
            way("Crash", "It ends itself.", "crash",
                reason("Crash", "The reason with which it ends itself, in Erlang's notation: boom, {shutdown,x}.")),
            way("Throw", "It throws, as a handler does.", "throw",
                text("Throw", "The text of the std::runtime_error that it throws.")),
            way("Exit", "An exit signal from a process that is no relative.", "exit",
                reason("Exit", "The reason of an exit signal, in Erlang's notation: shutdown, {shutdown,x}.")),
            way("Fail starts", "It is killed, and does not start again at once.", "fail_starts",
                whole_number("Fail starts", "So many of its next starts fail.", 1, tree_limits::max_chaos_count)),
            way("Hang", "It does not go on for a while, as if a handler did not return.", "hang_ms",
                milliseconds("Hang", "Milliseconds for which it hangs.")),
            way("Slow", "Each of its handlers takes longer, for a while.", "slow_ms",
                milliseconds("Slow", "Milliseconds that each of its handlers takes longer."), true),
            way("Delay", "What is sent to it takes a while to arrive.", "delay_ms",
                milliseconds("Delay", "Milliseconds for which what is sent to it is under way."), true),
            way("Bad alloc", "An allocation fails.", "bad_alloc",
                whole_number("Bad alloc",
                             "The allocation of that number that it makes through the library from now on, from 1, "
                             "fails with std::bad_alloc.",
                             1, tree_limits::max_chaos_count))})}};
}

json rate(std::string_view description) {
  return with_default(number("Per second", description, tree_limits::min_per_second, tree_limits::max_per_second), 1);
}

json fault() {
  json schema = object(
      "Fault", "Harm that is done again and again.",
      {{"victims",
        one_or_more("Victims",
                    "Who is hit: patterns of paths, and leaf (workers), supervisor or any. A kind beside patterns "
                    "narrows them.",
                    "pattern")},
       {"except", except()},
       {"count",
        with_default(whole_number("Count", "How many of them are hit at once.", 1, tree_limits::max_processes), 1)},
       {"share", number("Share", "Instead of count: per cent of those who live, rounded up.", 1, 100)},
       {"how",
        with_default(one_or_more("How", "The way of hitting, or several: one is drawn each time.", "harm"), "kill")},
       {"per_second", rate("How often it strikes.")},
       {"distribution",
        {{"title", "Distribution"},
         {"description",
          "regular: all the same time apart. poisson: at random times, as independent events are. once: a single time, "
          "when the phase begins."},
         {"enum", {"regular", "poisson", "once"}},
         {"default", "poisson"}}}},
      {"victims"});
  schema["allOf"] = json::array(
      {{{"not", {{"required", {"count", "share"}}}}},
       {{"if", {{"properties", {{"distribution", {{"const", "once"}}}}}, {"required", json::array({"distribution"})}}},
        {"then", without({"per_second"})}}});
  return schema;
}

json duration() {
  return milliseconds("Duration", "Milliseconds.");
}

json phase() {
  json name = text("Name", "For reports; different from those of the other phases. Left out: phase 1, phase 2, ...");
  name["minLength"] = 1;
  name["maxLength"] = tree_limits::max_name_length;
  return object("Phase", "A time in which certain faults happen. Without faults: a rest.",
                {{"name", std::move(name)},
                 {"duration_ms", duration()},
                 {"faults", list_of("Faults", "What is done in this phase.", reference("chaos_fault"), 0)}},
                json::array({"duration_ms"}));
}

json message() {
  return {{"title", "Message"},
          {"description",
           "An object with the name of the message as its only key, {\"add\": 1}; or the name alone, where it has no "
           "fields."},
          {"anyOf", json::array({{{"type", "string"}, {"minLength", 1}},
                                 {{"type", "object"}, {"minProperties", 1}, {"maxProperties", 1}}})}};
}

json receivers(std::string_view title, std::string_view description) {
  json schema = one_or_more(title, description, "pattern");
  const json kind = {{"not", {{"enum", {"any", "supervisor"}}}}};
  schema["allOf"] = json::array({kind, {{"items", kind}}});
  return schema;
}

json load() {
  json schema = object(
      "Load", "Messages from outside the tree to each of certain workers.",
      {{"call", receivers("Call", "Patterns of the workers that are called, or leaf for all. They have to answer.")},
       {"cast", receivers("Cast", "Patterns of the workers that get it, or leaf for all. Nobody waits.")},
       {"except", except()},
       {"message", message()},
       {"per_second", rate("How often each of them gets it, at random times.")},
       {"timeout_ms",
        with_default(milliseconds("Time-out", "Milliseconds after which a call without an answer has failed."), 5000)}},
      {"message"});
  schema["required"] = json::array({"message"});
  schema["oneOf"] = json::array({{{"required", json::array({"call"})}},
                                 {{"required", json::array({"cast"})}, {"not", {{"required", {"timeout_ms"}}}}}});
  schema["oneOf"][1]["not"]["required"] = json::array({"timeout_ms"});
  return schema;
}

json expectation() {
  return object("Expectation", "What must be true of an answer when the tree is quiet, at the end.",
                {{"call", reason("Call", "The path of the worker that is asked: root/pool/calc-7.")},
                 {"message", message()},
                 {"equals", {{"title", "Equals"}, {"description", "The JSON form of the right answer."}}}},
                {"call", "message", "equals"});
}

json limits() {
  const auto recovery = [](std::string_view title, std::string_view which) { return milliseconds(title, which); };
  const auto count = [](std::string_view title, std::string_view description) {
    return whole_number(title, description, 0, tree_limits::max_limit);
  };
  constexpr double least_availability = 0.000000001;
  return object(
      "Limits", "What a run may cost; beyond, it has failed. Left out: no limit.",
      {{"recovery_median_ms", recovery("Median of recovery",
                                       "Milliseconds until a process is there again: the median "
                                       "of a child.")},
       {"recovery_p99_ms", recovery("99th percentile of recovery",
                                    "Milliseconds: 99 of 100 recoveries of a child are "
                                    "as fast.")},
       {"recovery_max_ms", recovery("Longest recovery", "Milliseconds.")},
       {"availability", number("Availability", "Per cent of the time, of each child.", least_availability, 100)},
       {"give_ups", count("Give-ups", "How many times a supervisor gives up.")},
       {"lost_messages", count("Lost messages", "Messages that nobody handled.")},
       {"failed_calls", count("Failed calls", "Calls of the load without an answer.")},
       {"blast_radius", count("Blast radius", "Other processes that went down with one hit.")}},
      json::array());
}

// 64 bits; in a schema a floating-point number, since there are validators that take larger whole ones for negative.
json seed() {
  json schema = whole_number("Seed", "What is drawn comes from it. The command's --seed comes first.", 0, 0);
  schema["maximum"] = static_cast<double>(std::numeric_limits<std::uint64_t>::max());
  return schema;
}

json plan(bool is_a_file) {
  json properties;
  if (is_a_file) properties["$schema"] = text("Schema", "For editors: where this schema is found.");
  properties.update(
      {{"seed", seed()},
       {"duration_ms", milliseconds("Duration", "Milliseconds; for a plan without phases.")},
       {"faults", list_of("Faults", "What is done; for a plan without phases.", reference("chaos_fault"))},
       {"phases", list_of("Phases", "One after the other, each with its own faults.", reference("chaos_phase"))},
       {"load", list_of("Load", "Work for the workers meanwhile.", reference("chaos_load"))},
       {"expect", list_of("Expectations", "Answers that must be right at the end.", reference("chaos_expectation"))},
       {"limits", described("Limits", "What a run may cost; beyond, it has failed.", "chaos_limits")}});
  json schema = object("Chaos plan", "What is done to a tree, for how long, and what it has to stand.",
                       std::move(properties), json::array());
  schema["if"] = {{"required", json::array({"phases"})}};
  schema["then"] = without(json::array({"duration_ms", "faults"}));
  schema["else"] = {{"required", json::array({"duration_ms"})}};
  schema["anyOf"] = json::array({{{"required", json::array({"faults"})}},
                                 {{"required", json::array({"phases"})}},
                                 {{"required", json::array({"load"})}}});
  return schema;
}

}  // namespace

namespace detail {

json chaos_plan_object() {
  return plan(false);
}

json chaos_plan_definitions() {
  return {{"chaos_fault", fault()},   {"chaos_phase", phase()},
          {"chaos_load", load()},     {"chaos_expectation", expectation()},
          {"chaos_limits", limits()}, {"harm", harm()},
          {"pattern", pattern()}};
}

}  // namespace detail

std::string chaos_plan_schema() {
  json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"}};
  schema.update(plan(true));
  schema["definitions"] = detail::chaos_plan_definitions();
  return schema.dump(2) + '\n';
}

}  // namespace coppice
