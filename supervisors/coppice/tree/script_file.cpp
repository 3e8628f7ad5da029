#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <coppice/tree/identifier.hpp>
#include <coppice/tree/input_file.hpp>
#include <coppice/tree/json_pointer.hpp>
#include <coppice/tree/json_reader.hpp>
#include <coppice/tree/located_json.hpp>
#include <coppice/tree/reason_check.hpp>
#include <coppice/tree/script_file.hpp>
#include <coppice/tree/tree_checker.hpp>
#include <coppice/tree/tree_limits.hpp>
#include <coppice/tree/value_check.hpp>

namespace coppice {

namespace {

using detail::pointer_to;
using namespace std::string_view_literals;

// A kind of step and the keys that it needs; it has no others.
struct step_shape {
  std::string_view name;
  std::array<std::string_view, 2> keys;  // The second is empty where one is enough.
};

constexpr std::array shapes{
    step_shape{"exit", {"target", "reason"}},
    step_shape{"crash", {"target", "reason"}},
    step_shape{"send", {"target", "message"}},
    step_shape{"view", {"target", ""}},
    step_shape{"terminate_child", {"supervisor", "id"}},
    step_shape{"restart_child", {"supervisor", "id"}},
    step_shape{"delete_child", {"supervisor", "id"}},
    step_shape{"start_child", {"supervisor", "spec"}},
    step_shape{"which_children", {"supervisor", ""}},
    step_shape{"count_children", {"supervisor", ""}},
    step_shape{"fail_next_starts", {"target", "count"}},
    step_shape{"advance", {"ms", ""}},
};

// What to write where a key is missing.
std::string_view example_of(std::string_view key) {
  if (key == "target") return "\"target\": \"root/a\"";
  if (key == "supervisor") return "\"supervisor\": \"root\"";
  if (key == "reason") return "\"reason\": \"boom\"";
  if (key == "message") return "\"message\": {\"add\": 20}";
  if (key == "id") return "\"id\": \"a\"";
  if (key == "spec") return "\"spec\": {\"id\": \"a\", \"start\": \"calc\"}";
  if (key == "count") return "\"count\": 1";
  return "\"ms\": 1000";
}

std::array<std::string_view, shapes.size()> step_names() {
  std::array<std::string_view, shapes.size()> names;
  std::transform(shapes.begin(), shapes.end(), names.begin(), [](step_shape const& one) { return one.name; });
  return names;
}

// Reads one step. Steps are counted from 1, JSON pointers from 0, so each fault says both.
class step_checker {
 public:
  step_checker(located_json const& value, std::size_t index, worker_catalogue const& workers, fault_list& faults)
      : value_{value},
        pointer_{pointer_to("", index)},
        prefix_{fmt::format("step {}: ", index + 1)},
        workers_{workers},
        faults_{faults},
        own_{faults.file()} {}

  std::optional<script_step> check() {
    std::optional<script_action> action = read();
    bool const sound = own_.empty();
    for (fault const& one : own_.faults()) faults_.add(one.place, one.offset, prefix_ + one.message);
    if (!action || !sound) return std::nullopt;
    return script_step{std::move(*action), pointer_};
  }

 private:
  std::optional<script_action> read() {
    if (value_.if_object() == nullptr) {
      own_.add(
          pointer_, value_.offset,
          fmt::format(
              "expected an object such as {{\"do\": \"view\", \"target\": \"root/a\"}}; got {}. Write it in braces.",
              value_.described()));
      return std::nullopt;
    }
    step_shape const* shape = read_do();
    if (shape == nullptr) return std::nullopt;
    check_keys(*shape);
    return read_action(shape->name);
  }

  step_shape const* read_do() {
    auto const names = step_names();
    located_json const* given = value_.find("do");
    if (given == nullptr) {
      own_.add(pointer_, value_.offset,
               fmt::format("missing key \"do\". It says what the step does: {}.", detail::alternatives(names)));
      return nullptr;
    }
    auto const index = detail::check_choice(*given, pointer_to(pointer_, "do"), {names, "Write one of these."}, own_);
    return index ? &shapes[*index] : nullptr;
  }

  void check_keys(step_shape const& shape) {
    std::array<std::string_view, 3> const known{"do", shape.keys[0], shape.keys[1]};
    std::span<std::string_view const> const used{known.data(), shape.keys[1].empty() ? std::size_t{2} : std::size_t{3}};
    for (auto const& member : *value_.if_object()) {
      if (std::find(used.begin(), used.end(), member.key) != used.end()) continue;
      own_.add(pointer_, member.offset, detail::unknown_key(member.key, {used, {}}));
    }
    for (std::string_view const key : used) {
      if (key == "do" || value_.find(key) != nullptr) continue;
      own_.add(pointer_, value_.offset,
               fmt::format("missing key \"{}\". {} needs it, such as {}.", key, shape.name, example_of(key)));
    }
  }

  // Whatever is missing or wrong has been noted, and the action made of the rest is not used then.
  script_action read_action(std::string_view name) {
    if (name == "exit") return step::exit{path("target"), reason()};
    if (name == "crash") return step::crash{path("target"), reason()};
    if (name == "send") return step::send{path("target"), message()};
    if (name == "view") return step::view{path("target")};
    if (name == "terminate_child") return step::terminate_child{path("supervisor"), id()};
    if (name == "restart_child") return step::restart_child{path("supervisor"), id()};
    if (name == "delete_child") return step::delete_child{path("supervisor"), id()};
    if (name == "start_child") return start_child();
    if (name == "which_children") return step::which_children{path("supervisor")};
    if (name == "count_children") return step::count_children{path("supervisor")};
    if (name == "fail_next_starts") return step::fail_next_starts{path("target"), count()};
    return advance();
  }

  std::string path(std::string_view key) {
    located_json const* given = value_.find(key);
    if (given == nullptr) return "";
    return detail::check_path(*given, pointer_to(pointer_, key), own_).value_or("");
  }

  std::string reason() {
    located_json const* given = value_.find("reason");
    if (given == nullptr) return "";
    return detail::check_reason(*given, pointer_to(pointer_, "reason"), own_).value_or("");
  }

  std::shared_ptr<nlohmann::json const> message() {
    located_json const* given = value_.find("message");
    if (given == nullptr) return nullptr;
    auto const* members = given->if_object();
    if (members != nullptr && members->size() == 1) return std::make_shared<nlohmann::json const>(to_json(*given));
    std::string const got =
        members == nullptr ? given->described() : fmt::format("an object with {} keys", members->size());
    own_.add(
        pointer_to(pointer_, "message"), given->offset,
        fmt::format("expected one message, an object with its name as the only key, such as {{\"add\": 20}}; got {}.{}",
                    got, members != nullptr && members->size() > 1 ? " Write a step for each." : ""));
    return nullptr;
  }

  // An id that no child has is a matter of the run, which answers not_found; here it only has to look like one.
  std::string id() {
    located_json const* given = value_.find("id");
    if (given == nullptr) return "";
    std::string const* text = given->if_string();
    if (text != nullptr && detail::is_path_element(*text)) return *text;
    own_.add(pointer_to(pointer_, "id"), given->offset,
             fmt::format("expected the id of a child, such as \"a\" or \"calc-2\"; got {}.{}",
                         text != nullptr && text->empty() ? "an empty string" : given->described(),
                         text != nullptr && text->find('/') != std::string::npos && detail::is_path(*text)
                             ? " The way to it goes into \"supervisor\"."
                             : ""));
    return "";
  }

  step::start_child start_child() {
    step::start_child action{path("supervisor"), {}, false};
    located_json const* given = value_.find("spec");
    if (given == nullptr) return action;
    fault_list bad_combinations{own_.file()};
    auto spec = check_child(*given, pointer_to(pointer_, "spec"), workers_, own_, bad_combinations);
    if (spec) action.spec = std::move(*spec);
    action.bad_combination = !bad_combinations.empty();
    return action;
  }

  std::uint64_t count() {
    located_json const* given = value_.find("count");
    if (given == nullptr) return 0;
    return detail::check_number(*given, pointer_to(pointer_, "count"),
                                {"", 0, tree_limits::max_restarts, "Write 0 to let starts succeed again."}, own_)
        .value_or(0);
  }

  step::advance advance() {
    located_json const* given = value_.find("ms");
    if (given == nullptr) return {};
    auto const ms =
        detail::check_number(*given, pointer_to(pointer_, "ms"),
                             {"milliseconds", 0, tree_limits::max_advance_ms, "For five seconds write 5000."}, own_);
    return {std::chrono::milliseconds{static_cast<std::int64_t>(ms.value_or(0))}};
  }

  located_json const& value_;
  std::string pointer_;
  std::string prefix_;
  worker_catalogue const& workers_;
  fault_list& faults_;
  fault_list own_;
};

}  // namespace

std::optional<std::vector<script_step>> check_script(located_json const& value, worker_catalogue const& workers,
                                                     fault_list& faults) {
  auto const* list = value.if_array();
  if (list == nullptr) {
    faults.add(
        "", value.offset,
        fmt::format("expected an array of steps, such as [{{\"do\": \"view\", \"target\": \"root/a\"}}]; got {}.{}",
                    value.described(), value.if_object() != nullptr ? " Put the step into brackets." : ""));
    return std::nullopt;
  }
  std::vector<script_step> steps;
  steps.reserve(list->size());
  for (std::size_t i = 0; i < list->size() && !faults.full(); ++i) {
    if (auto one = step_checker{(*list)[i], i, workers, faults}.check()) steps.push_back(std::move(*one));
  }
  if (steps.size() != list->size()) return std::nullopt;
  return steps;
}

script_file read_script_file(std::string const& path, worker_catalogue const& workers) {
  script_file result{std::nullopt, fault_list{path == "-" ? "standard input" : path}};
  auto const text = read_input(path, result.faults);
  if (!text) return result;
  auto const json = read_json(*text, "a script, such as [{\"do\": \"advance\", \"ms\": 1000}]", result.faults);
  if (!json) return result;
  auto steps = check_script(*json, workers, result.faults);
  result.faults.sort_by_offset();
  if (result.faults.empty()) result.steps = std::move(steps);
  return result;
}

}  // namespace coppice
