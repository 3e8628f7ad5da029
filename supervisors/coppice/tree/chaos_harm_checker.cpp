#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include <fmt/format.h>

#include <coppice/tree/chaos_harm_checker.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/json_pointer.hpp>
#include <coppice/tree/located_json.hpp>
#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/reason_check.hpp>
#include <coppice/tree/time_check.hpp>
#include <coppice/tree/tree_limits.hpp>
#include <coppice/tree/value_check.hpp>

namespace coppice::detail {

namespace {

using namespace std::string_view_literals;

// A way of hitting, and how it is written.
struct harm_shape {
  std::string_view key;
  std::string_view example;
  bool bare;   // Without an object: "kill".
  bool lasts;  // Needs "lasting_ms" beside it.
};

constexpr std::array shapes{
    harm_shape{"kill", "\"kill\"", true, false},
    harm_shape{"crash", R"({"crash": "boom"})", false, false},
    harm_shape{"throw", R"({"throw": "text"})", false, false},
    harm_shape{"exit", R"({"exit": "shutdown"})", false, false},
    harm_shape{"fail_starts", R"({"fail_starts": 3})", false, false},
    harm_shape{"hang", "\"hang\"", true, false},
    harm_shape{"hang_ms", R"({"hang_ms": 5000})", false, false},
    harm_shape{"slow_ms", R"({"slow_ms": 20, "lasting_ms": 1000})", false, true},
    harm_shape{"delay_ms", R"({"delay_ms": 20, "lasting_ms": 1000})", false, true},
    harm_shape{"bad_alloc", R"({"bad_alloc": 3})", false, false},
};

constexpr time_rule milliseconds{"milliseconds", std::chrono::milliseconds{1}, std::chrono::nanoseconds{1},
                                 tree_limits::max_chaos_time, "For five seconds write 5000."};

std::array<std::string_view, shapes.size()> names() {
  std::array<std::string_view, shapes.size()> all;
  std::transform(shapes.begin(), shapes.end(), all.begin(), [](const harm_shape& one) { return one.key; });
  return all;
}

std::string examples() {
  std::string text;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    if (i > 0) text += i + 1 == shapes.size() ? " or " : ", ";
    text += shapes[i].example;
  }
  return text;
}

const harm_shape* shape_of(std::string_view key) {
  const auto found =
      std::find_if(shapes.begin(), shapes.end(), [key](const harm_shape& one) { return one.key == key; });
  return found != shapes.end() ? &*found : nullptr;
}

// What others call it.
std::string_view other_word(std::string_view word) {
  if (word == "slow" || word == "delay") return word == "slow" ? "slow_ms" : "delay_ms";
  if (word == "exception") return "throw";
  if (word == "exit_signal" || word == "signal") return "exit";
  if (word == "fail_start" || word == "fail_next_starts") return "fail_starts";
  return "";
}

// The way of hitting that was meant by a word.
const harm_shape* meant(std::string_view word) {
  if (const auto* exact = shape_of(word)) return exact;
  if (const auto* other = shape_of(other_word(word))) return other;
  const std::string near = did_you_mean(word, names(), "");
  const auto found = std::find_if(shapes.begin(), shapes.end(), [&near](const harm_shape& one) {
    return near.find(fmt::format("\"{}\"", one.key)) != std::string::npos;
  });
  return found != shapes.end() ? &*found : nullptr;
}

class harm_checker {
 public:
  harm_checker(const located_json& value, std::string pointer, fault_list& faults)
      : value_{value}, pointer_{std::move(pointer)}, faults_{faults} {}

  std::optional<chaos_harm> check() {
    if (const std::string* word = value_.if_string()) return bare(*word);
    const auto* members = value_.if_object();
    if (members == nullptr) {
      faults_.add(pointer_, value_.offset,
                  fmt::format("expected a way of hitting: {}; got {}.", examples(), value_.described()));
      return std::nullopt;
    }
    const std::size_t before = faults_.faults().size();
    const harm_shape* shape = check_keys(*members);
    if (shape == nullptr) return std::nullopt;
    chaos_harm how = read(*shape);
    if (faults_.faults().size() != before) return std::nullopt;
    return how;
  }

 private:
  std::optional<chaos_harm> bare(const std::string& word) {
    if (word == "kill") return harm::kill{};
    if (word == "hang") return harm::hang{};
    const harm_shape* shape = meant(word);
    faults_.add(pointer_, value_.offset,
                shape == nullptr
                    ? fmt::format("expected a way of hitting: {}; got {}.", examples(), in_quotes(word))
                    : fmt::format("unknown way of hitting {}; did you mean {}?", in_quotes(word), shape->example));
    return std::nullopt;
  }

  // The one way of hitting that the keys name.
  const harm_shape* check_keys(const located_json::object& members) {
    const harm_shape* shape = nullptr;
    for (const auto& member : members) {
      if (member.key == "lasting_ms") continue;
      const harm_shape* found = shape_of(member.key);
      if (found == nullptr || found->bare) {
        unknown(member);
      } else if (shape != nullptr) {
        faults_.add(pointer_, member.offset,
                    fmt::format("expected one way of hitting; got \"{}\" and \"{}\". Write a list, [{{...}}, {{...}}]: "
                                "one of them is drawn each time.",
                                shape->key, found->key));
        return nullptr;
      } else {
        shape = found;
      }
    }
    if (shape == nullptr) {
      const bool is_known_to_be_wrong =
          std::any_of(members.begin(), members.end(), [](const auto& member) { return member.key != "lasting_ms"; });
      if (!is_known_to_be_wrong) {
        faults_.add(pointer_, value_.offset,
                    fmt::format("expected a way of hitting: {}; got an object that names none.", examples()));
      }
      return nullptr;
    }
    check_lasting(*shape);
    return shape;
  }

  void unknown(const located_json::member& member) {
    const auto shape = meant(member.key);
    std::string message;
    if (shape != nullptr && shape->bare && member.key == shape->key) {
      const bool hang = shape->key == "hang";
      message = fmt::format("\"{}\" is written without an object. Write {}{}.", shape->key, shape->example,
                            hang ? R"(, or {"hang_ms": 5000} for a while)" : "");
    } else if (shape != nullptr) {
      message = fmt::format("unknown key {}; did you mean {}?", in_quotes(member.key), shape->example);
    } else {
      message = unknown_key(member.key, {names(), {}});
    }
    faults_.add(pointer_, member.offset, std::move(message));
  }

  void check_lasting(const harm_shape& shape) {
    const located_json* given = value_.find("lasting_ms");
    if (shape.lasts && given == nullptr) {
      faults_.add(
          pointer_, value_.offset,
          fmt::format("missing key \"lasting_ms\". It says how long the harm lasts, such as {}.", shape.example));
    } else if (!shape.lasts && given != nullptr) {
      faults_.add(
          pointer_, given->offset,
          fmt::format("\"lasting_ms\" goes with \"slow_ms\" and \"delay_ms\", not with \"{}\". Remove it.", shape.key));
    }
  }

  // What is wrong has been noted, and the harm made of the rest is not used then.
  chaos_harm read(const harm_shape& shape) {
    const located_json& given = *value_.find(shape.key);
    const std::string place = pointer_to(pointer_, shape.key);
    if (shape.key == "crash") return harm::crash{check_reason(given, place, faults_).value_or("")};
    if (shape.key == "exit") return harm::exit_signal{check_reason(given, place, faults_).value_or("")};
    if (shape.key == "throw") return harm::throw_exception{text(given, place)};
    if (shape.key == "fail_starts") return harm::fail_starts{count(given, place, "Write 1 for the next start.")};
    if (shape.key == "bad_alloc") return harm::bad_alloc{count(given, place, "Write 1 for the next allocation.")};
    const auto time = check_time(given, place, milliseconds, faults_).value_or(std::chrono::nanoseconds{1});
    if (shape.key == "hang_ms") return harm::hang{time};
    if (shape.key == "slow_ms") return harm::slow{time, lasting()};
    return harm::delay{time, lasting()};
  }

  std::chrono::nanoseconds lasting() {
    const located_json* given = value_.find("lasting_ms");
    if (given == nullptr) return {};
    return check_time(*given, pointer_to(pointer_, "lasting_ms"), milliseconds, faults_)
        .value_or(std::chrono::nanoseconds{1});
  }

  std::uint64_t count(const located_json& given, const std::string& place, std::string_view advice) {
    return check_number(given, place, {"", 1, tree_limits::max_chaos_count, advice}, faults_).value_or(1);
  }

  std::string text(const located_json& given, const std::string& place) {
    const std::string* what = given.if_string();
    // What `what()` returns ends at the first NUL.
    if (what != nullptr && what->find('\0') == std::string::npos) return *what;
    faults_.add(
        place, given.offset,
        fmt::format("expected the text of the exception, a string without NUL characters; got {}.", given.described()));
    return "";
  }

  const located_json& value_;
  std::string pointer_;
  fault_list& faults_;
};

}  // namespace

std::vector<chaos_harm> check_how(const located_json& value, const std::string& pointer, fault_list& faults) {
  std::vector<chaos_harm> ways;
  const auto* list = value.if_array();
  if (list == nullptr) {
    if (auto one = harm_checker{value, pointer, faults}.check()) ways.push_back(std::move(*one));
    return ways;
  }
  if (list->empty()) {
    faults.add(pointer, value.offset,
               "expected at least one way of hitting; got an empty array. Leave it out for \"kill\".");
  }
  for (std::size_t i = 0; i < list->size() && !faults.full(); ++i) {
    if (auto one = harm_checker{(*list)[i], pointer_to(pointer, i), faults}.check()) ways.push_back(std::move(*one));
  }
  return ways;
}

}  // namespace coppice::detail
