#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <span>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <coppice/tree/chaos_harm_checker.hpp>
#include <coppice/tree/chaos_limits_checker.hpp>
#include <coppice/tree/chaos_plan_checker.hpp>
#include <coppice/tree/chaos_target_checker.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/json_pointer.hpp>
#include <coppice/tree/located_json.hpp>
#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/time_check.hpp>
#include <coppice/tree/tree_limits.hpp>
#include <coppice/tree/tree_spec.hpp>
#include <coppice/tree/value_check.hpp>

namespace coppice {

namespace {

using detail::in_quotes;
using detail::pointer_to;
using namespace std::string_view_literals;

constexpr std::array plan_keys{"seed"sv, "duration_ms"sv, "faults"sv, "phases"sv, "load"sv, "expect"sv, "limits"sv};
constexpr std::array file_keys{"$schema"sv, "seed"sv, "duration_ms"sv, "faults"sv,
                               "phases"sv,  "load"sv, "expect"sv,      "limits"sv};
constexpr std::array phase_keys{"name"sv, "duration_ms"sv, "faults"sv};
constexpr std::array fault_keys{"victims"sv, "except"sv,     "count"sv,       "share"sv,
                                "how"sv,     "per_second"sv, "distribution"sv};
constexpr std::array load_keys{"call"sv, "cast"sv, "except"sv, "message"sv, "per_second"sv, "timeout_ms"sv};
constexpr std::array expectation_keys{"call"sv, "message"sv, "equals"sv};
constexpr std::array distributions{"regular"sv, "poisson"sv, "once"sv};

constexpr std::string_view example_of_fault = R"({"victims": "leaf", "how": "kill", "per_second": 10})";
constexpr std::string_view example_of_phase = R"({"name": "storm", "duration_ms": 10000, "faults": [...]})";
constexpr std::string_view example_of_load = R"({"cast": "root/pool/*", "message": {"add": 1}, "per_second": 10})";
constexpr std::string_view example_of_expectation = R"({"call": "root/a", "message": "view", "equals": 150})";

constexpr detail::time_rule duration_rule{"milliseconds", std::chrono::milliseconds{1}, std::chrono::nanoseconds{1},
                                          tree_limits::max_chaos_time, "For a minute write 60000."};
constexpr detail::time_rule timeout_rule{"milliseconds", std::chrono::milliseconds{1}, std::chrono::nanoseconds{1},
                                         tree_limits::max_chaos_time, "Leave it out for 5000."};
constexpr detail::decimal_rule rate_rule{"times a second", tree_limits::min_per_second, tree_limits::max_per_second,
                                         "Leave it out for 1."};
constexpr detail::decimal_rule share_rule{"per cent", 1, 100, "For a tenth of them write 10."};

class plan_checker {
 public:
  plan_checker(const supervisor_spec* root, const worker_catalogue& workers, fault_list& faults)
      : targets_{root, workers, faults}, faults_{faults} {}

  chaos_plan check(const located_json& value, const std::string& pointer) {
    chaos_plan plan;
    if (value.if_object() == nullptr) {
      faults_.add(pointer, value.offset,
                  fmt::format("expected a chaos plan, an object such as {{\"duration_ms\": 60000, \"faults\": [{}]}}; "
                              "got {}.{}",
                              example_of_fault, value.described(),
                              value.if_array() != nullptr ? " Put the faults into its \"faults\"." : ""));
      return plan;
    }
    check_keys(value, pointer, pointer.empty() ? std::span<const std::string_view>{file_keys} : plan_keys);
    if (pointer.empty()) check_schema(value);
    if (const auto* seed = value.find("seed")) plan.seed = check_seed(*seed, pointer_to(pointer, "seed"));
    if (const auto* phases = value.find("phases")) {
      check_nothing_beside_phases(value, pointer);
      plan.phases =
          list<chaos_phase>(*phases, pointer_to(pointer, "phases"), "phases", example_of_phase, &plan_checker::phase);
      check_phases(*phases, pointer_to(pointer, "phases"), plan.phases);
    } else {
      plan.phases.push_back(only_phase(value, pointer));
    }
    if (const auto* load = value.find("load")) {
      plan.load =
          list<chaos_load>(*load, pointer_to(pointer, "load"), "messages", example_of_load, &plan_checker::load);
    }
    if (const auto* expect = value.find("expect")) {
      plan.expect = expectations(*expect, pointer_to(pointer, "expect"));
    }
    if (const auto* limits = value.find("limits")) {
      plan.limits = detail::check_chaos_limits(*limits, pointer_to(pointer, "limits"), faults_);
      check_limit_of_calls(*limits, pointer_to(pointer, "limits"), value);
    }
    check_something_is_done(value, pointer);
    return plan;
  }

  std::vector<chaos_expectation> expectations(const located_json& value, const std::string& pointer) {
    if (pointer.empty() && value.if_object() != nullptr && value.find("expect") != nullptr) {
      faults_.add(pointer, value.offset,
                  fmt::format("expected an array of expectations, such as [{}]; got a plan. Give the array that is its "
                              "\"expect\" alone.",
                              example_of_expectation));
      return {};
    }
    return list<chaos_expectation>(value, pointer, "expectations", example_of_expectation, &plan_checker::expectation);
  }

 private:
  bool check_keys(const located_json& value, const std::string& pointer, std::span<const std::string_view> known) {
    for (const auto& member : *value.if_object()) {
      if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
      faults_.add(pointer, member.offset, unknown_key(member.key, known));
    }
    return true;
  }

  static std::string unknown_key(const std::string& key, std::span<const std::string_view> known) {
    constexpr std::array other_words{
        std::pair{"duration"sv, "duration_ms"sv},
        std::pair{"rate"sv, "per_second"sv},
        std::pair{"timeout"sv, "timeout_ms"sv},
        std::pair{"target"sv, "victims"sv},
        std::pair{"how_often"sv, "per_second"sv},
        std::pair{"exclude"sv, "except"sv},
        std::pair{"percent"sv, "share"sv},
        std::pair{"expectations"sv, "expect"sv},
        std::pair{"harm"sv, "how"sv},
    };
    for (const auto& [other, here] : other_words) {
      if (key == other && std::find(known.begin(), known.end(), here) != known.end()) {
        return fmt::format("unknown key {}; here it is called \"{}\".", in_quotes(key), here);
      }
    }
    return detail::unknown_key(key, {known, {}});
  }

  void check_schema(const located_json& value) {
    const located_json* given = value.find("$schema");
    if (given == nullptr || given->if_string() != nullptr) return;
    faults_.add("/$schema", given->offset,
                fmt::format("expected the address of a JSON Schema, a string; got {}. Leave it out: only editors use "
                            "it.",
                            given->described()));
  }

  std::optional<std::uint64_t> check_seed(const located_json& value, const std::string& pointer) {
    return detail::check_number(
        value, pointer,
        {"", 0, std::numeric_limits<std::uint64_t>::max(), "Leave it out to give it on the command line."}, faults_);
  }

  // The elements of an array of objects, each with `read`.
  template <class T>
  std::vector<T> list(const located_json& value, const std::string& pointer, std::string_view what,
                      std::string_view example, T (plan_checker::*read)(const located_json&, const std::string&),
                      bool may_be_empty = false) {
    std::vector<T> result;
    const auto* elements = value.if_array();
    if (elements == nullptr || (elements->empty() && !may_be_empty)) {
      const bool is_object = value.if_object() != nullptr;
      faults_.add(pointer, value.offset,
                  fmt::format("expected an array of {}, such as [{}]; got {}. {}", what, example,
                              elements != nullptr ? "an empty one" : value.described(),
                              is_object ? "Put it into brackets." : "Leave it out for none."));
      return result;
    }
    result.reserve(elements->size());
    for (std::size_t i = 0; i < elements->size() && !faults_.full(); ++i) {
      const located_json& one = (*elements)[i];
      const std::string place = pointer_to(pointer, i);
      if (one.if_object() != nullptr) {
        result.push_back((this->*read)(one, place));
      } else {
        faults_.add(place, one.offset, fmt::format("expected an object such as {}; got {}.", example, one.described()));
        result.emplace_back();
      }
    }
    return result;
  }

  void check_nothing_beside_phases(const located_json& value, const std::string& pointer) {
    for (const std::string_view key : {"duration_ms"sv, "faults"sv}) {
      const located_json* given = value.find(key);
      if (given == nullptr) continue;
      faults_.add(
          pointer_to(pointer, key), given->offset,
          fmt::format("\"{0}\" stands beside \"phases\", and each phase has its own. Move it into one of them.", key));
    }
  }

  void check_phases(const located_json& value, const std::string& pointer, const std::vector<chaos_phase>& phases) {
    std::map<std::string_view, std::size_t> names;
    std::chrono::nanoseconds sum{0};
    bool too_long = false;
    for (std::size_t i = 0; i < phases.size(); ++i) {
      too_long = too_long || phases[i].duration > tree_limits::max_chaos_time - sum;
      if (!too_long) sum += phases[i].duration;
      if (phases[i].name.empty()) continue;
      const auto [earlier, is_new] = names.emplace(phases[i].name, i);
      if (is_new) continue;
      // Also of one that is named by its number.
      const located_json& one = (*value.if_array())[i];
      const located_json* given = one.find("name");
      const std::string place = pointer_to(pointer, i);
      faults_.add(given == nullptr ? place : pointer_to(place, "name"), given == nullptr ? one.offset : given->offset,
                  fmt::format("{} is already the name of {}; phases need different names.", in_quotes(phases[i].name),
                              pointer_to(pointer, earlier->second)));
    }
    if (too_long) {
      faults_.add(pointer, value.offset,
                  "the phases take more than a century (3,155,760,000,000 milliseconds) together. Shorten them.");
    }
  }

  // A plan without phases is one.
  chaos_phase only_phase(const located_json& value, const std::string& pointer) {
    chaos_phase one;
    one.duration = duration(value, pointer, "the plan");
    if (const auto* given = value.find("faults")) one.faults = faults_of(*given, pointer_to(pointer, "faults"), false);
    return one;
  }

  chaos_phase phase(const located_json& value, const std::string& pointer) {
    check_keys(value, pointer, phase_keys);
    chaos_phase one;
    one.name = phase_name(value, pointer);
    one.duration = duration(value, pointer, "the phase");
    if (const auto* given = value.find("faults")) one.faults = faults_of(*given, pointer_to(pointer, "faults"), true);
    return one;
  }

  std::string phase_name(const located_json& value, const std::string& pointer) {
    const located_json* given = value.find("name");
    if (given == nullptr) return fmt::format("phase {}", std::stoul(pointer.substr(pointer.rfind('/') + 1)) + 1);
    const std::string* text = given->if_string();
    const bool is_sound = text != nullptr && !text->empty() && text->size() <= tree_limits::max_name_length &&
                          detail::printable(*text) == *text;
    if (is_sound) return *text;
    const std::string got = text != nullptr && text->empty() ? "an empty string"
                            : text != nullptr && text->size() > tree_limits::max_name_length
                                ? fmt::format("{} bytes", text->size())
                                : given->described();
    faults_.add(pointer_to(pointer, "name"), given->offset,
                fmt::format("expected a name, a string of at most {} bytes without control characters; got {}. Write "
                            "one such as \"storm\", or leave it out.",
                            tree_limits::max_name_length, got));
    return "";
  }

  std::chrono::nanoseconds duration(const located_json& value, const std::string& pointer, std::string_view whose) {
    const located_json* given = value.find("duration_ms");
    if (given == nullptr) {
      faults_.add(pointer, value.offset,
                  fmt::format("missing key \"duration_ms\". It says how long {} lasts, such as \"duration_ms\": 60000.",
                              whose));
      return {};
    }
    return detail::check_time(*given, pointer_to(pointer, "duration_ms"), duration_rule, faults_)
        .value_or(std::chrono::nanoseconds{0});
  }

  std::vector<chaos_fault> faults_of(const located_json& value, const std::string& pointer, bool may_be_empty) {
    return list<chaos_fault>(value, pointer, "faults", example_of_fault, &plan_checker::fault, may_be_empty);
  }

  chaos_fault fault(const located_json& value, const std::string& pointer) {
    check_keys(value, pointer, fault_keys);
    chaos_fault one;
    one.pointer = pointer;
    if (value.find("victims") != nullptr) {
      one.victims = targets_.check_victims(value, pointer, "victims", false);
    } else {
      faults_.add(pointer, value.offset,
                  "missing key \"victims\". It says who is hit, such as \"victims\": \"leaf\" for all workers or "
                  "\"victims\": \"root/pool/*\".");
    }
    read_number_of_victims(value, pointer, one);
    const auto* how = value.find("how");
    one.how = how != nullptr ? detail::check_how(*how, pointer_to(pointer, "how"), faults_)
                             : std::vector<chaos_harm>{harm::kill{}};
    one.per_second = rate(value, pointer);
    one.spread = distribution(value, pointer);
    return one;
  }

  void read_number_of_victims(const located_json& value, const std::string& pointer, chaos_fault& into) {
    const auto* count = value.find("count");
    const auto* share = value.find("share");
    if (count != nullptr) {
      into.count = static_cast<std::uint32_t>(
          detail::check_number(*count, pointer_to(pointer, "count"),
                               {"", 1, tree_limits::max_processes, "Leave it out for one at a time."}, faults_)
              .value_or(1));
    }
    if (share != nullptr) into.share = detail::check_decimal(*share, pointer_to(pointer, "share"), share_rule, faults_);
    if (count != nullptr && share != nullptr) {
      faults_.add(pointer, std::max(count->offset, share->offset),
                  "\"count\" and \"share\" both say how many are hit at once. Remove one of them.");
    }
  }

  double rate(const located_json& value, const std::string& pointer) {
    const auto* given = value.find("per_second");
    if (given == nullptr) return 1;
    return detail::check_decimal(*given, pointer_to(pointer, "per_second"), rate_rule, faults_).value_or(1);
  }

  chaos_fault::distribution distribution(const located_json& value, const std::string& pointer) {
    const auto* given = value.find("distribution");
    if (given == nullptr) return chaos_fault::distribution::poisson;
    const auto index = detail::check_choice(*given, pointer_to(pointer, "distribution"),
                                            {distributions, "Leave it out for \"poisson\"."}, faults_);
    const auto spread = static_cast<chaos_fault::distribution>(index.value_or(0));
    const auto* rate = value.find("per_second");
    if (index && spread == chaos_fault::distribution::once && rate != nullptr) {
      faults_.add(pointer, rate->offset,
                  "\"once\" strikes a single time, when the phase begins, so that \"per_second\" says nothing. Remove "
                  "it, or write \"regular\".");
    }
    return spread;
  }

  chaos_load load(const located_json& value, const std::string& pointer) {
    check_keys(value, pointer, load_keys);
    chaos_load one;
    one.pointer = pointer;
    const auto* call = value.find("call");
    const auto* cast = value.find("cast");
    one.is_call = call != nullptr;
    if (call == nullptr && cast == nullptr) {
      faults_.add(pointer, value.offset,
                  "missing key \"call\" or \"cast\". It says who gets the message, such as \"call\": \"root/pool/*\".");
    } else if (call != nullptr && cast != nullptr) {
      faults_.add(
          pointer, std::max(call->offset, cast->offset),
          "\"call\" and \"cast\" both say who gets the message. Remove one of them: a call waits for an answer, "
          "and a cast does not.");
    }
    const std::size_t before = faults_.faults().size();
    if (call != nullptr || cast != nullptr) {
      one.to = targets_.check_victims(value, pointer, call != nullptr ? "call" : "cast", true);
    }
    // Whoever is meant by a target that is wrong cannot be asked about the message.
    const bool known = (call != nullptr || cast != nullptr) && faults_.faults().size() == before;
    one.message = targets_.check_message(value, pointer, known ? one.to : nobody());
    one.per_second = rate(value, pointer);
    if (const auto* given = value.find("timeout_ms")) {
      one.timeout =
          detail::check_time(*given, pointer_to(pointer, "timeout_ms"), timeout_rule, faults_).value_or(one.timeout);
      if (cast != nullptr && call == nullptr) {
        faults_.add(pointer, given->offset,
                    "\"timeout_ms\" goes with \"call\": nothing is waited for after a cast. Remove it.");
      }
    }
    return one;
  }

  static chaos_victims nobody() { return {{""}, {}, chaos_victims::kind::worker}; }

  chaos_expectation expectation(const located_json& value, const std::string& pointer) {
    check_keys(value, pointer, expectation_keys);
    return targets_.check_expectation(value, pointer);
  }

  // Calls that nobody makes cannot fail.
  void check_limit_of_calls(const located_json& limits, const std::string& pointer, const located_json& plan) {
    const located_json* given = limits.find("failed_calls");
    if (given == nullptr) return;
    const located_json* load = plan.find("load");
    const auto* elements = load != nullptr ? load->if_array() : nullptr;
    const auto calls = [](const located_json& one) { return one.find("call") != nullptr; };
    if (load != nullptr && (elements == nullptr || std::any_of(elements->begin(), elements->end(), calls))) return;
    faults_.add(pointer_to(pointer, "failed_calls"), given->offset,
                "the plan makes no calls, so that none can fail. Add a \"call\" to \"load\", or remove this limit.");
  }

  // Where `faults` or `load` are there and wrong, that has been said.
  void check_something_is_done(const located_json& value, const std::string& pointer) {
    const auto has_faults = [](const located_json& one) {
      const auto* given = one.find("faults");
      return given != nullptr && (given->if_array() == nullptr || !given->if_array()->empty());
    };
    if (value.find("load") != nullptr || value.find("faults") != nullptr) return;
    const auto* phases = value.find("phases");
    const auto* elements = phases != nullptr ? phases->if_array() : nullptr;
    if (phases != nullptr &&
        (elements == nullptr || elements->empty() || std::any_of(elements->begin(), elements->end(), has_faults))) {
      return;
    }
    faults_.add(
        pointer, value.offset,
        fmt::format("the plan does nothing: it has neither faults nor load. Add \"faults\": [{}].", example_of_fault));
  }

  detail::chaos_target_checker targets_;
  fault_list& faults_;
};

}  // namespace

std::optional<chaos_plan> check_chaos_plan(const located_json& value, const std::string& pointer,
                                           const supervisor_spec& root, const worker_catalogue& workers,
                                           fault_list& faults) {
  const std::size_t before = faults.faults().size();
  chaos_plan plan = plan_checker{&root, workers, faults}.check(value, pointer);
  if (faults.faults().size() != before || faults.full()) return std::nullopt;
  return plan;
}

std::optional<std::vector<chaos_expectation>> check_chaos_expectations(const located_json& value,
                                                                       const supervisor_spec& root,
                                                                       const worker_catalogue& workers,
                                                                       fault_list& faults) {
  const std::size_t before = faults.faults().size();
  auto expected = plan_checker{&root, workers, faults}.expectations(value, "");
  if (faults.faults().size() != before || faults.full()) return std::nullopt;
  return expected;
}

void check_chaos_plan_shape(const located_json& value, const std::string& pointer, const worker_catalogue& workers,
                            fault_list& faults) {
  plan_checker{nullptr, workers, faults}.check(value, pointer);
}

void check_chaos_expectations_shape(const located_json& value, const worker_catalogue& workers, fault_list& faults) {
  plan_checker{nullptr, workers, faults}.expectations(value, "");
}

}  // namespace coppice
