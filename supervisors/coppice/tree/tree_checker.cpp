#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <coppice/process/object_room.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/identifier.hpp>
#include <coppice/tree/json_pointer.hpp>
#include <coppice/tree/located_json.hpp>
#include <coppice/tree/meant_amount.hpp>
#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/tree_checker.hpp>
#include <coppice/tree/tree_limits.hpp>
#include <coppice/tree/value_check.hpp>
#include <coppice/tree/virtual_cost_checker.hpp>
#include <coppice/tree/worker_catalogue.hpp>

namespace coppice {

namespace {

using detail::in_quotes;
using detail::number_rule;
using detail::pointer_to;
using namespace std::string_view_literals;

constexpr std::array worker_keys{"id"sv,          "type"sv, "start"sv, "args"sv,  "restart"sv, "shutdown"sv,
                                 "significant"sv, "name"sv, "count"sv, "stack"sv, "cost"sv};
constexpr std::array supervisor_keys{"id"sv,          "type"sv,          "strategy"sv, "max_restarts"sv,
                                     "max_seconds"sv, "auto_shutdown"sv, "restart"sv,  "shutdown"sv,
                                     "significant"sv, "name"sv,          "cost"sv,     "children"sv};
constexpr std::array root_keys{"$schema"sv,       "id"sv,   "type"sv, "strategy"sv, "max_restarts"sv, "max_seconds"sv,
                               "auto_shutdown"sv, "name"sv, "cost"sv, "chaos"sv,    "children"sv};
constexpr std::array only_worker_keys{"start"sv, "args"sv, "count"sv, "stack"sv};
constexpr std::array only_supervisor_keys{"strategy"sv, "max_restarts"sv, "max_seconds"sv, "auto_shutdown"sv,
                                          "children"sv};
constexpr std::array only_child_keys{"restart"sv, "shutdown"sv, "significant"sv};

constexpr std::array strategies{strategy::one_for_one, strategy::one_for_all, strategy::rest_for_one};
constexpr std::array auto_shutdowns{auto_shutdown::never, auto_shutdown::any_significant,
                                    auto_shutdown::all_significant};
constexpr std::array restart_types{restart_type::permanent, restart_type::transient, restart_type::temporary};

template <class Range>
bool contains(Range const& words, std::string_view word) {
  return std::any_of(std::begin(words), std::end(words),
                     [word](std::string_view each) { return detail::is_same_key(each, word); });
}

// Erlang's names for what a tree file calls otherwise.
std::string_view other_word(std::string_view key) {
  if (key == "intensity") return "max_restarts";
  if (key == "period") return "max_seconds";
  if (key == "replicas") return "count";
  return "";
}

enum class role { root, supervisor, worker };

class checker {
 public:
  checker(worker_catalogue const& workers, fault_list& faults, fault_list& bad_combinations)
      : workers_{workers}, names_{workers.names()}, faults_{faults}, bad_combinations_{bad_combinations} {}

  supervisor_spec root(located_json const& value) {
    if (value.if_object() == nullptr) {
      faults_.add(
          "", value.offset,
          fmt::format(
              "expected the root supervisor, an object such as {{\"id\": \"root\", \"children\": []}}; got {}.{}",
              value.described(), value.if_array() != nullptr ? " Put the children into its \"children\"." : ""));
      return {};
    }
    if (auto const* type = value.find("type")) check_root_type(*type);
    supervisor_spec spec = supervisor(value, "", role::root);
    if (processes_ > tree_limits::max_processes) {
      faults_.add(
          "", value.offset,
          fmt::format("the tree has {} processes, replicas and supervisors included; at most {} are allowed. Lower "
                      "a \"count\".",
                      detail::grouped(processes_), detail::grouped(tree_limits::max_processes)));
    }
    return spec;
  }

  // Into `made`, for a worker takes some time to be moved.
  void child(located_json const& value, std::string pointer, std::optional<auto_shutdown> parent, tree_child& made) {
    if (value.if_object() == nullptr) {
      faults_.add(
          pointer, value.offset,
          fmt::format("expected a child, an object such as {{\"id\": \"a\", \"start\": \"calc\"}}; got {}. Write it in "
                      "braces.",
                      value.described()));
      return;
    }
    if (child_role(value, pointer) == role::supervisor) {
      auto& spec = made.spec.emplace<supervisor_spec>(supervisor(value, std::move(pointer), role::supervisor));
      check_significant(value, spec, parent);
      return;
    }
    auto& spec = std::get<worker_spec>(made.spec);
    worker(value, std::move(pointer), spec);
    check_significant(value, spec, parent);
  }

 private:
  void check_root_type(located_json const& type) {
    std::string const* word = type.if_string();
    if (word != nullptr && *word == "supervisor") return;
    bool const worker = word != nullptr && *word == "worker";
    faults_.add("/type", type.offset,
                fmt::format("expected \"supervisor\", or no \"type\" at all: the root is always one; got {}. {}",
                            type.described(),
                            worker ? "Write the worker as one of the root's \"children\"." : "Leave it out."));
  }

  // Reads `type`; where it is missing or wrong, the other keys tell what was meant, so that they can be checked as
  // well.
  role child_role(located_json const& value, std::string const& pointer) {
    constexpr std::array types{"worker"sv, "supervisor"sv};
    located_json const* type = value.find("type");
    if (type != nullptr) {
      auto const known =
          detail::check_choice(*type, pointer_to(pointer, "type"), {types, "Leave it out for \"worker\"."}, faults_);
      if (known) return *known == 0 ? role::worker : role::supervisor;
    }
    if (value.find("start") != nullptr) return role::worker;
    for (auto const& member : *value.if_object()) {
      if (!contains(only_supervisor_keys, member.key)) continue;
      if (type == nullptr) {
        faults_.add(
            pointer, value.offset,
            fmt::format("\"{}\" makes this a supervisor, but its \"type\" is missing. Add \"type\": \"supervisor\".",
                        member.key));
      }
      return role::supervisor;
    }
    return role::worker;
  }

  void check_keys(located_json const& value, std::string const& pointer, role as) {
    std::span<std::string_view const> known = worker_keys;
    std::span<std::string_view const> others = supervisor_keys;
    if (as != role::worker) std::swap(known, others);
    if (as == role::root) known = root_keys;
    for (auto const& member : *value.if_object()) {
      if (contains(known, member.key)) continue;
      if (faults_.full()) return;
      std::string message;
      if (as == role::worker && contains(only_supervisor_keys, member.key)) {
        message = fmt::format(
            "\"{}\" is a key of supervisors, and this is a worker. Remove it, or write \"type\": \"supervisor\".",
            member.key);
      } else if (as != role::worker && contains(only_worker_keys, member.key)) {
        message = fmt::format(
            "\"{}\" is a key of workers, and this is a supervisor. Remove it, or put a worker that has it into "
            "\"children\".",
            member.key);
      } else if (as == role::root && contains(only_child_keys, member.key)) {
        message = fmt::format(
            "\"{}\" says what a supervisor does with a child, and the root is nobody's child. Remove it.", member.key);
      } else if (as != role::root && member.key == "chaos") {
        message = "\"chaos\" is a key of the root, since a plan is for the whole tree. Move it there.";
      } else if (auto const word = other_word(member.key); contains(known, word)) {
        message = fmt::format("unknown key \"{}\"; here it is called \"{}\".", member.key, word);
      } else {
        message = detail::unknown_key(member.key, {known, others});
      }
      faults_.add(pointer, member.offset, std::move(message));
    }
  }

  supervisor_spec supervisor(located_json const& value, std::string pointer, role as) {
    supervisor_spec spec;
    ++processes_;
    check_keys(value, pointer, as);
    spec.id = id(value, pointer, as);
    spec.name = registered_name(value, pointer);
    if (as == role::root) {
      check_schema(value);
    } else {
      spec.restart = restart(value, pointer);
      spec.shutdown = shutdown(value, pointer, child_type::supervisor);
      spec.significant = significant(value, pointer);
    }
    spec.cost = cost(value, pointer);
    spec.strategy = choice(value, pointer, "strategy", strategies, spec.strategy).value_or(spec.strategy);
    spec.max_restarts = static_cast<std::uint32_t>(
        number(value, pointer, "max_restarts", {"", 0, tree_limits::max_restarts, "Leave it out for 1."}).value_or(1));
    spec.max_seconds = std::chrono::seconds{
        number(value, pointer, "max_seconds", {"seconds", 1, tree_limits::max_seconds, "Leave it out for 5."})
            .value_or(5)};
    auto const ends = choice(value, pointer, "auto_shutdown", auto_shutdowns, spec.auto_shutdown);
    spec.auto_shutdown = ends.value_or(spec.auto_shutdown);
    if (auto const* list = value.find("children"))
      spec.children = children(*list, pointer_to(pointer, "children"), ends);
    spec.pointer = std::move(pointer);
    return spec;
  }

  std::vector<tree_child> children(located_json const& value, std::string const& pointer,
                                   std::optional<auto_shutdown> parent) {
    std::vector<tree_child> result;
    auto const* list = value.if_array();
    if (list == nullptr) {
      faults_.add(
          pointer, value.offset,
          fmt::format("expected an array of children; got {}.{}", value.described(),
                      value.if_object() != nullptr ? " Put it into brackets: [{...}]." : " Write [] for none."));
      return result;
    }
    result.reserve(list->size());
    boost::unordered_flat_map<std::string_view, std::size_t, std::hash<std::string_view>> ids;
    ids.reserve(list->size());
    for (std::size_t i = 0; i < list->size() && !faults_.full(); ++i) {
      // Room was reserved: what has been added stays where it is.
      tree_child& added = result.emplace_back();
      child((*list)[i], pointer_to(pointer, i), parent, added);
      if (added.id().empty()) continue;
      auto const [earlier, is_new] = ids.emplace(added.id(), i);
      if (is_new) continue;
      faults_.add(pointer_to(added.pointer(), "id"), (*list)[i].find("id")->offset,
                  fmt::format("{} is already the id of {}; ids must differ within a supervisor.", in_quotes(added.id()),
                              result[earlier->second].pointer()));
    }
    return result;
  }

  void worker(located_json const& value, std::string pointer, worker_spec& spec) {
    check_keys(value, pointer, role::worker);
    spec.id = id(value, pointer, role::worker);
    spec.name = registered_name(value, pointer);
    spec.start = start(value, pointer);
    spec.args = args(value, pointer, spec.start, spec.read_args);
    spec.restart = restart(value, pointer);
    spec.shutdown = shutdown(value, pointer, child_type::worker);
    spec.significant = significant(value, pointer);
    if (auto const count =
            number(value, pointer, "count",
                   {"", 1, tree_limits::max_processes, "Leave it out for one process without a number."})) {
      spec.count = static_cast<std::uint32_t>(*count);
    }
    spec.stack = stack(value, pointer);
    spec.cost = cost(value, pointer);
    processes_ += spec.processes();
    spec.pointer = std::move(pointer);
  }

  // The id, or an empty string where it is missing or wrong.
  std::string id(located_json const& value, std::string const& pointer, role as) {
    if (auto const* given = value.find("id")) {
      if (auto const* sound = given->if_string(); sound != nullptr && detail::is_identifier(*sound)) return *sound;
      return detail::check_identifier(*given, pointer_to(pointer, "id"), "id", faults_).value_or("");
    }
    faults_.add(pointer, value.offset,
                as == role::root ? "missing key \"id\". Paths begin with the root's, such as \"id\": \"root\"."
                                 : "missing key \"id\". Every child needs one of its own, such as \"id\": \"cache\".");
    return "";
  }

  std::optional<std::string> registered_name(located_json const& value, std::string const& pointer) {
    located_json const* given = value.find("name");
    if (given == nullptr) return std::nullopt;
    std::string const place = pointer_to(pointer, "name");
    auto name = detail::check_identifier(*given, place, "name", faults_);
    if (!name) return std::nullopt;
    if (*name == "undefined") {
      faults_.add(place, given->offset,
                  "\"undefined\" is no name: it says that there is none. Write another one, or leave it out.");
      return std::nullopt;
    }
    auto const [earlier, is_new] = taken_names_.emplace(*name, pointer);
    if (!is_new) {
      faults_.add(place, given->offset,
                  fmt::format("{} is already the name of {}; registered names must differ in the whole tree.",
                              in_quotes(*name), detail::pointer_name(earlier->second)));
    }
    return name;
  }

  void check_schema(located_json const& value) {
    located_json const* given = value.find("$schema");
    if (given == nullptr || given->if_string() != nullptr) return;
    faults_.add(
        "/$schema", given->offset,
        fmt::format("expected the address of a JSON Schema, a string; got {}. Leave it out: only editors use it.",
                    given->described()));
  }

  std::string registered() const {
    if (names_.empty()) return "Nothing is registered.";
    return fmt::format("Registered: {}.", detail::listed(names_));
  }

  std::string start(located_json const& value, std::string const& pointer) {
    located_json const* given = value.find("start");
    if (given == nullptr) {
      faults_.add(
          pointer, value.offset,
          fmt::format("missing key \"start\". A worker needs the name of what it runs. {}{}", registered(),
                      value.find("type") == nullptr ? " For a supervisor write \"type\": \"supervisor\"." : ""));
      return "";
    }
    std::string const* name = given->if_string();
    if (name == nullptr) {
      faults_.add(pointer_to(pointer, "start"), given->offset,
                  fmt::format("expected the name of a registered worker, a string; got {}. {}", given->described(),
                              registered()));
      return "";
    }
    if (workers_.knows(*name)) return *name;
    std::string const near = detail::did_you_mean(*name, names_, ".");
    faults_.add(pointer_to(pointer, "start"), given->offset,
                fmt::format("nothing is registered as {}{} {}", in_quotes(*name), near, registered()));
    return "";
  }

  std::shared_ptr<nlohmann::json const> args(located_json const& value, std::string const& pointer,
                                             std::string const& worker, std::any& read) {
    located_json const* given = value.find("args");
    if (given != nullptr && !detail::has_exact_numbers(*given)) {
      detail::check_exact_numbers(*given, pointer_to(pointer, "args"), faults_);
      return nullptr;
    }
    auto json = std::allocate_shared<nlohmann::json const>(
        detail::object_allocator<nlohmann::json>{}, given == nullptr ? nlohmann::json::object() : to_json(*given));
    if (worker.empty()) return json;
    std::vector<arg_fault> wrong;
    read = workers_.read_args(worker, *json, wrong);
    for (arg_fault& one : wrong) {
      std::size_t const offset = given == nullptr ? value.offset : detail::nearest_value(*given, one.pointer).offset;
      faults_.add(pointer_to(pointer, "args") + one.pointer, offset, std::move(one.message));
    }
    return json;
  }

  restart_type restart(located_json const& value, std::string const& pointer) {
    return choice(value, pointer, "restart", restart_types, restart_type::permanent).value_or(restart_type::permanent);
  }

  bool significant(located_json const& value, std::string const& pointer) {
    located_json const* given = value.find("significant");
    if (given == nullptr) return false;
    return detail::check_boolean(*given, pointer_to(pointer, "significant"), faults_).value_or(false);
  }

  shutdown_time shutdown(located_json const& value, std::string const& pointer, child_type type) {
    located_json const* given = value.find("shutdown");
    shutdown_time const usual = shutdown_time::default_of(type);
    if (given == nullptr) return usual;
    if (auto const* text = given->if_string()) {
      if (*text == "brutal_kill") return shutdown_time::brutal_kill();
      if (*text == "infinity") return shutdown_time::infinity();
    }
    auto const* number = std::get_if<std::uint64_t>(&given->value);
    if (number != nullptr && *number <= tree_limits::max_shutdown_ms) {
      return std::chrono::milliseconds{static_cast<std::int64_t>(*number)};
    }
    faults_.add(pointer_to(pointer, "shutdown"), given->offset,
                fmt::format("expected milliseconds (a whole number, {}), \"brutal_kill\" or \"infinity\"; got {}{}",
                            number != nullptr ? fmt::format("at most {}", detail::grouped(tree_limits::max_shutdown_ms))
                                              : "0 or more",
                            given->described(), shutdown_advice(*given)));
    return usual;
  }

  static std::string shutdown_advice(located_json const& value) {
    if (auto const better = detail::better_number(value, 0, tree_limits::max_shutdown_ms); !better.empty())
      return "." + better;
    if (auto const* text = value.if_string()) {
      if (auto const ms = detail::milliseconds_meant(*text, tree_limits::max_shutdown_ms))
        return fmt::format(". For {} write {}.", spoken(*ms), *ms);
      constexpr std::array words{"brutal_kill"sv, "infinity"sv};
      return detail::did_you_mean(*text, words, ". For five seconds write 5000.");
    }
    auto const* other = std::get_if<std::unique_ptr<located_json::other_number>>(&value.value);
    bool const huge = std::holds_alternative<std::uint64_t>(value.value) || (other != nullptr && (*other)->value > 1e9);
    if (huge) return ". For no limit write \"infinity\".";
    return ". For five seconds write 5000.";
  }

  static std::string spoken(std::uint64_t ms) {
    constexpr std::array words{"zero"sv,  "one"sv,   "two"sv,  "three"sv, "four"sv,   "five"sv,  "six"sv,
                               "seven"sv, "eight"sv, "nine"sv, "ten"sv,   "eleven"sv, "twelve"sv};
    if (ms % 1000 != 0) return fmt::format("{} milliseconds", ms);
    std::uint64_t const seconds = ms / 1000;
    std::string const amount = seconds < words.size() ? std::string{words[seconds]} : fmt::format("{}", seconds);
    return fmt::format("{} {}", amount, seconds == 1 ? "second" : "seconds");
  }

  virtual_cost cost(located_json const& value, std::string const& pointer) {
    located_json const* given = value.find("cost");
    if (given == nullptr) return {};
    return detail::check_cost(*given, pointer_to(pointer, "cost"), faults_);
  }

  std::optional<std::size_t> stack(located_json const& value, std::string const& pointer) {
    located_json const* given = value.find("stack");
    if (given == nullptr) return std::nullopt;
    std::string advice = "Leave it out for the default of the runtime.";
    if (given->if_string() != nullptr) {
      if (auto const bytes = detail::bytes_meant(*given->if_string(), tree_limits::max_stack_bytes))
        advice = fmt::format("For {} write {}.", *given->if_string(), *bytes);
    }
    auto const bytes =
        number(value, pointer, "stack", {"bytes", tree_limits::min_stack_bytes, tree_limits::max_stack_bytes, advice});
    if (!bytes) return std::nullopt;
    return static_cast<std::size_t>(*bytes);
  }

  template <class Spec>
  void check_significant(located_json const& value, Spec const& spec, std::optional<auto_shutdown> parent) {
    if (!spec.significant) return;
    located_json const* restart = value.find("restart");
    bool const restart_is_sound =
        restart == nullptr || (restart->if_string() != nullptr && *restart->if_string() == to_string(spec.restart));
    if (spec.restart == restart_type::permanent && restart_is_sound) {
      bad_combinations_.add(spec.pointer, value.find("significant")->offset,
                            fmt::format("\"significant\" needs \"restart\": \"transient\" or \"temporary\"; got {}.",
                                        restart == nullptr ? "none, which means \"permanent\"" : "\"permanent\""));
    }
    if (parent == auto_shutdown::never) {
      bad_combinations_.add(spec.pointer, value.find("significant")->offset,
                            "\"significant\" needs a supervisor with \"auto_shutdown\": \"any_significant\" or "
                            "\"all_significant\"; this one has \"never\".");
    }
  }

  std::optional<std::uint64_t> number(located_json const& value, std::string const& pointer, std::string_view key,
                                      number_rule const& rule) {
    located_json const* given = value.find(key);
    if (given == nullptr) return std::nullopt;
    return detail::check_number(*given, pointer_to(pointer, key), rule, faults_);
  }

  // The value of an enumeration; `usual` when it is left out, nothing when it is wrong.
  template <class Enum, std::size_t N>
  std::optional<Enum> choice(located_json const& value, std::string const& pointer, std::string_view key,
                             std::array<Enum, N> const& values, Enum usual) {
    located_json const* given = value.find(key);
    if (given == nullptr) return usual;
    std::array<std::string_view, N> words;
    std::transform(values.begin(), values.end(), words.begin(), [](Enum one) { return to_string(one); });
    std::string advice = fmt::format("Leave it out for \"{}\".", to_string(usual));
    if (key == "strategy" && given->if_string() != nullptr && *given->if_string() == "simple_one_for_one") {
      advice = "Write \"one_for_one\", with \"count\" for many children of a kind.";
      faults_.add(pointer_to(pointer, key), given->offset,
                  fmt::format("expected {}; got {}. {}", detail::alternatives(words), given->described(), advice));
      return std::nullopt;
    }
    auto const index = detail::check_choice(*given, pointer_to(pointer, key), {words, advice}, faults_);
    if (!index) return std::nullopt;
    return values[*index];
  }

  worker_catalogue const& workers_;
  std::vector<std::string_view> names_;
  fault_list& faults_;
  fault_list& bad_combinations_;
  std::unordered_map<std::string, std::string> taken_names_;  // Registered name, and the pointer of who has it.
  std::uint64_t processes_ = 0;
};

}  // namespace

std::optional<supervisor_spec> check_tree(located_json const& value, worker_catalogue const& workers,
                                          fault_list& faults) {
  std::size_t const before = faults.faults().size();
  supervisor_spec spec = checker{workers, faults, faults}.root(value);
  if (faults.faults().size() != before || faults.full()) return std::nullopt;
  return spec;
}

std::optional<tree_child> check_child(located_json const& value, std::string const& pointer,
                                      worker_catalogue const& workers, fault_list& faults,
                                      fault_list& bad_combinations) {
  std::size_t const before = faults.faults().size();
  checker one{workers, faults, bad_combinations};
  tree_child spec;
  one.child(value, pointer, std::nullopt, spec);
  if (auto const* count = value.find("count")) {
    faults.add(
        detail::pointer_to(pointer, "count"), count->offset,
        "\"count\" belongs into tree files: start_child starts one child. Remove it, and call start_child for each.");
  }
  if (faults.faults().size() != before || faults.full()) return std::nullopt;
  return spec;
}

}  // namespace coppice
