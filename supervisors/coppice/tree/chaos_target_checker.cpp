#include <algorithm>
#include <array>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <coppice/tree/chaos_target_checker.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/json_pointer.hpp>
#include <coppice/tree/located_json.hpp>
#include <coppice/tree/path_pattern.hpp>
#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/reason_check.hpp>
#include <coppice/tree/tree_paths.hpp>
#include <coppice/tree/tree_spec.hpp>
#include <coppice/tree/value_check.hpp>
#include <coppice/tree/worker_catalogue.hpp>

namespace coppice::detail {

namespace {

using namespace std::string_view_literals;
using kind = chaos_victims::kind;

constexpr std::array kind_words{"any"sv, "leaf"sv, "supervisor"sv};

constexpr std::string_view a_pattern =
    "a pattern of paths, the ids from the root on joined by \"/\", such as \"root/pool/*\"";

std::optional<kind> kind_of(std::string_view word) {
  const auto found = std::find(kind_words.begin(), kind_words.end(), word);
  if (found == kind_words.end()) return std::nullopt;
  return static_cast<kind>(found - kind_words.begin());
}

std::string_view word_of(kind of) {
  return kind_words[static_cast<std::size_t>(of)];
}

// What others call a kind.
std::string_view other_word(std::string_view word) {
  if (word == "worker" || word == "workers" || word == "leaves") return "leaf";
  if (word == "all") return "any";
  if (word == "supervisors") return "supervisor";
  return "";
}

// Calls `look` for the value or for each element of the list that it is.
template <class Look>
void for_each_element(const located_json& value, const std::string& pointer, Look look) {
  const auto* list = value.if_array();
  if (list == nullptr) {
    look(value, pointer);
    return;
  }
  for (std::size_t i = 0; i < list->size(); ++i) look((*list)[i], pointer_to(pointer, i));
}

// Where in the file a fault of a message stands. A message that is only a name has no places in it.
struct message_place {
  const located_json& value;
  const std::string& pointer;

  std::string of(const std::string& within) const { return value.if_string() != nullptr ? pointer : pointer + within; }
  std::size_t offset(const std::string& within) const { return nearest_value(value, within).offset; }
};

}  // namespace

chaos_victims chaos_target_checker::check_victims(const located_json& owner, const std::string& pointer,
                                                  std::string_view key, bool workers_only) {
  chaos_victims victims;
  const std::size_t before = faults_.faults().size();
  if (workers_only) victims.of = kind::worker;
  read_victims(*owner.find(key), pointer_to(pointer, key), workers_only, victims);
  if (const auto* except = owner.find("except")) read_except(*except, pointer_to(pointer, "except"), victims);
  if (root_ != nullptr && faults_.faults().size() == before) check_who_is_left(owner, pointer, key, victims);
  return victims;
}

void chaos_target_checker::read_victims(const located_json& value, const std::string& pointer, bool workers_only,
                                        chaos_victims& into) {
  const std::string expected = workers_only ? fmt::format("{}, or \"leaf\" for all workers", a_pattern)
                                            : fmt::format("{}, or {}", a_pattern, alternatives(kind_words));
  const auto* list = value.if_array();
  if (list != nullptr && list->empty()) {
    faults_.add(pointer, value.offset, fmt::format("expected {}; got an empty array.", expected));
  }
  std::optional<kind> given;
  for_each_element(value, pointer, [&](const located_json& one, const std::string& place) {
    const std::string* text = one.if_string();
    const auto of = text != nullptr ? kind_of(*text) : std::nullopt;
    if (!of) {
      if (is_pattern_here(one, place, expected) && is_in_tree(one, place, true)) into.paths.push_back(*text);
    } else if (workers_only && *of != kind::worker) {
      faults_.add(place, one.offset,
                  fmt::format("expected {}; got {}: messages of a plan go to workers.", expected, in_quotes(*text)));
    } else if (given && *given != *of) {
      faults_.add(place, one.offset,
                  fmt::format("expected one kind at most; got \"{}\" and \"{}\". Write \"any\" for workers and "
                              "supervisors.",
                              word_of(*given), word_of(*of)));
    } else {
      given = of;
      into.of = *of;
    }
  });
}

void chaos_target_checker::read_except(const located_json& value, const std::string& pointer, chaos_victims& into) {
  const auto* list = value.if_array();
  if (list != nullptr && list->empty()) {
    faults_.add(pointer, value.offset, "expected at least one pattern; got an empty array. Leave it out for none.");
  }
  for_each_element(value, pointer, [&](const located_json& one, const std::string& place) {
    if (!is_pattern_here(one, place, a_pattern)) return;
    const std::string& text = *one.if_string();
    if (kind_of(text) && (root_ == nullptr || root_->id != text)) {
      faults_.add(place, one.offset,
                  fmt::format("expected {}; got the kind {}. Kinds stand in what is hit, and not in \"except\".",
                              a_pattern, in_quotes(text)));
    } else if (is_in_tree(one, place, false)) {
      into.except.push_back(text);
    }
  });
}

bool chaos_target_checker::is_pattern_here(const located_json& value, const std::string& pointer,
                                           std::string_view expected) {
  const std::string* text = value.if_string();
  if (text != nullptr && *text == "*") {
    faults_.add(pointer, value.offset,
                "\"*\" is the root alone, since paths begin there. Write \"**\" for all processes, or the id of the "
                "root.");
    return false;
  }
  if (text != nullptr && is_pattern(*text)) return true;
  const auto nearest = text == nullptr ? std::nullopt : nearest_pattern(*text);
  std::string advice;
  if (nearest) {
    advice = fmt::format(" Write {}.", in_quotes(*nearest));
  } else if (text != nullptr) {
    advice =
        " An id has small letters, digits, \"_\" and the number of a replica in it; \"*\" stands for any of them, "
        "and \"**\" between slashes for any ids.";
  }
  faults_.add(pointer, value.offset,
              fmt::format("expected {}; got {}.{}", expected,
                          text != nullptr && text->empty() ? "an empty string" : value.described(), advice));
  return false;
}

bool chaos_target_checker::is_in_tree(const located_json& value, const std::string& pointer, bool kinds_allowed) {
  const std::string& pattern = *value.if_string();
  if (root_ == nullptr || first_victim(*root_, {{pattern}, {}, kind::any})) return true;
  std::string advice;
  if (const auto word = kinds_allowed ? other_word(pattern) : ""sv; !word.empty()) {
    advice = fmt::format("; did you mean \"{}\"?", word);
  } else if (const auto meant = pattern_meant(*root_, pattern)) {
    advice = fmt::format("; did you mean {}?", in_quotes(*meant));
  } else {
    advice = kinds_allowed ? did_you_mean(pattern, kind_words, ".") : std::string{"."};
  }
  faults_.add(pointer, value.offset,
              fmt::format("the tree has no process {}{} {}", in_quotes(pattern), advice, paths()));
  return false;
}

void chaos_target_checker::check_who_is_left(const located_json& owner, const std::string& pointer,
                                             std::string_view key, const chaos_victims& victims) {
  const std::string_view wanted = victims.of == kind::worker ? "worker" : "supervisor";
  if (victims.paths.empty() && !first_victim(*root_, {{}, {}, victims.of})) {
    faults_.add(pointer_to(pointer, key), owner.find(key)->offset, fmt::format("the tree has no {}.", wanted));
    return;
  }
  bool all_of_kind = true;
  for_each_element(*owner.find(key), pointer_to(pointer, key), [&](const located_json& one, const std::string& place) {
    const std::string& text = *one.if_string();
    if (kind_of(text) || first_victim(*root_, {{text}, {}, victims.of})) return;
    all_of_kind = false;
    faults_.add(place, one.offset,
                key == "victims"
                    ? fmt::format("no {0} is at {1}, and \"{2}\" beside it takes only such. Leave out \"{2}\", or "
                                  "write another fault for it.",
                                  wanted, in_quotes(text), word_of(victims.of))
                    : fmt::format("{} is a supervisor; messages of a plan go to workers. {}",
                                  first_victim(*root_, {{text}, {}, kind::any}).value_or(text), paths()));
  });
  if (!all_of_kind || first_victim(*root_, victims)) return;
  faults_.add(pointer_to(pointer, "except"), owner.find("except")->offset,
              fmt::format("nobody is left: \"except\" takes out all that \"{}\" names. {}", key, paths()));
}

std::shared_ptr<const nlohmann::json> chaos_target_checker::check_message(const located_json& owner,
                                                                          const std::string& pointer,
                                                                          const chaos_victims& to) {
  const located_json* given = owner.find("message");
  if (given == nullptr) {
    faults_.add(pointer, owner.offset,
                "missing key \"message\". It says what is sent, such as \"message\": {\"add\": 1}, or \"message\": "
                "\"view\" for one without fields.");
    return nullptr;
  }
  const std::string place = pointer_to(pointer, "message");
  const std::string* name = given->if_string();
  const auto* members = given->if_object();
  if ((name == nullptr || name->empty()) && (members == nullptr || members->size() != 1)) {
    const std::string got = members != nullptr                 ? fmt::format("an object with {} keys", members->size())
                            : name != nullptr && name->empty() ? std::string{"an empty string"}
                                                               : given->described();
    faults_.add(place, given->offset,
                fmt::format("expected one message, an object with its name as the only key, such as {{\"add\": 1}}, or "
                            "the name alone where it has no fields, such as \"view\"; got {}.",
                            got));
    return nullptr;
  }
  if (!check_exact_numbers(*given, place, faults_)) return nullptr;
  auto message = std::make_shared<const nlohmann::json>(name != nullptr ? nlohmann::json::object({{*name, nullptr}})
                                                                        : to_json(*given));
  if (root_ == nullptr) return message;

  const message_place at{*given, place};
  const std::size_t before = faults_.faults().size();
  std::set<std::string, std::less<>> told;
  visit_victims(*root_, to, [&](const std::string& path, const worker_spec* worker) {
    if (worker == nullptr || !told.insert(worker->start).second) return true;
    std::vector<arg_fault> wrong;
    workers_.check_message(worker->start, *message, wrong);
    for (const arg_fault& one : wrong) {
      // The name was right, and something behind it is missing.
      const bool needs_fields = name != nullptr && !one.pointer.empty();
      faults_.add(
          at.of(one.pointer), at.offset(one.pointer),
          fmt::format("{} ({}): {}{}", path, worker->start, one.message,
                      needs_fields ? fmt::format(". A message with fields is an object, {{{}: ...}}.", in_quotes(*name))
                                   : std::string{}));
    }
    return !faults_.full();
  });
  return faults_.faults().size() == before ? message : nullptr;
}

chaos_expectation chaos_target_checker::check_expectation(const located_json& value, const std::string& pointer) {
  chaos_expectation expected;
  expected.pointer = pointer;
  chaos_victims to{{}, {}, kind::worker};
  if (const auto* given = value.find("call")) {
    const std::string place = pointer_to(pointer, "call");
    const auto path = check_path(*given, place, faults_);
    if (path && is_in_tree(*given, place, false)) {
      expected.path = *path;
      to.paths = {*path};
      if (root_ != nullptr) check_who_is_left(value, pointer, "call", to);
    }
  } else {
    faults_.add(pointer, value.offset,
                "missing key \"call\". It says who is asked, such as \"call\": \"root/pool/calc-7\".");
  }
  // Without a path nobody is asked about the message; its own shape is looked at nevertheless.
  if (to.paths.empty()) to.paths = {""};
  expected.message = check_message(value, pointer, to);
  const located_json* equals = value.find("equals");
  if (equals == nullptr) {
    faults_.add(pointer, value.offset,
                "missing key \"equals\". It says which answer is right, such as \"equals\": 150.");
    return expected;
  }
  const std::string place = pointer_to(pointer, "equals");
  if (!check_exact_numbers(*equals, place, faults_)) return expected;
  expected.equals = std::make_shared<const nlohmann::json>(to_json(*equals));
  if (expected.message != nullptr && !expected.path.empty()) {
    check_answer(*equals, place, *expected.message, expected.path, *expected.equals);
  }
  return expected;
}

void chaos_target_checker::check_answer(const located_json& equals, const std::string& pointer,
                                        const nlohmann::json& message, const std::string& path,
                                        const nlohmann::json& answer) {
  if (root_ == nullptr) return;
  visit_victims(*root_, {{path}, {}, kind::worker}, [&](const std::string& /*path*/, const worker_spec* worker) {
    std::vector<arg_fault> wrong;
    workers_.check_answer(worker->start, message, answer, wrong);
    for (const arg_fault& one : wrong) {
      faults_.add(pointer + one.pointer, nearest_value(equals, one.pointer).offset,
                  fmt::format("{} ({}): {}", path, worker->start, one.message));
    }
    return true;
  });
}

const std::string& chaos_target_checker::paths() {
  if (paths_.empty()) paths_ = paths_told(*root_);
  return paths_;
}

}  // namespace coppice::detail
