#include <cstdint>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include <coppice/chaos/chaos_json.hpp>
#include <coppice/chaos/chaos_outages.hpp>

namespace coppice {

namespace {

using nlohmann::ordered_json;
using std::chrono::nanoseconds;

std::string line_of(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

template <class T>
ordered_json or_null(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

ordered_json or_null(const std::optional<nanoseconds>& time) {
  return time ? ordered_json(time->count()) : ordered_json();
}

ordered_json limits_json(const chaos_limits& limits) {
  ordered_json json = ordered_json::object();
  const auto add = [&json](const char* name, const auto& limit) {
    if (limit) json[name] = *limit;
  };
  add("recovery_median_ms", limits.recovery_median_ms);
  add("recovery_p99_ms", limits.recovery_p99_ms);
  add("recovery_max_ms", limits.recovery_max_ms);
  add("availability", limits.availability);
  add("give_ups", limits.give_ups);
  add("lost_messages", limits.lost_messages);
  add("failed_calls", limits.failed_calls);
  add("blast_radius", limits.blast_radius);
  return json;
}

ordered_json figures_json(const child_figures& of) {
  return {{"path", of.path},
          {"type", to_string(of.type)},
          {"hits", of.hits},
          {"cuts", of.cuts},
          {"restarts", of.restarts},
          {"recoveries", of.recoveries},
          {"recovery_median_ns", or_null(of.recovery_median)},
          {"recovery_p99_ns", or_null(of.recovery_p99)},
          {"recovery_max_ns", or_null(of.recovery_max)},
          {"not_back", of.not_back},
          {"availability", or_null(of.availability())},
          {"expected_ns", of.expected.count()},
          {"out_of_service_ns", of.out_of_service.count()},
          {"calls", of.calls},
          {"failed_calls", of.calls_failed},
          {"lost_messages", of.messages_lost},
          {"blast_radius_max", of.blast_max},
          {"blast_radius_mean", of.blast_mean()},
          {"give_ups", of.give_ups},
          {"start_failures", of.start_failures}};
}

ordered_json life_json(const chaos_life& life) {
  ordered_json json{{"path", life.path},
                    {"type", to_string(life.type)},
                    {"incarnation", life.incarnation},
                    {"begin_ns", life.begin.count()},
                    {"end_ns", or_null(life.end)},
                    {"reason", life.end ? ordered_json(life.reason.to_string()) : ordered_json()},
                    {"cause", or_null(life.cause)},
                    {"hung_ns", or_null(life.hung)}};
  json["pauses"] = ordered_json::array();
  for (const auto& each : life.pauses) {
    json["pauses"].push_back({{"begin_ns", each.begin.count()}, {"end_ns", each.end.count()}});
  }
  json["shut_down"] = life.shut_down;
  json["restart"] = life.restart ? ordered_json(to_string(*life.restart)) : ordered_json();
  return json;
}

class report_writer {
 public:
  void value(std::string_view name, const ordered_json& value) { field(name) += line_of(value); }

  /// An element a line: two reports can be compared line by line.
  template <class Range, class Function>
  void list(std::string_view name, const Range& elements, Function to_json) {
    field(name) += '[';
    bool first = true;
    for (const auto& each : elements) {
      text_ += first ? "\n    " : ",\n    ";
      text_ += line_of(to_json(each));
      first = false;
    }
    text_ += first ? "]" : "\n  ]";
  }

  std::string take() { return std::move(text_) + "\n}\n"; }

 private:
  std::string& field(std::string_view name) {
    text_ += text_.empty() ? "{\n  " : ",\n  ";
    text_ += line_of(name);
    return text_ += ": ";
  }

  std::string text_;
};

}  // namespace

std::string chaos_json(const chaos_record& record, const chaos_figures& figures, const chaos_limits& limits,
                       const chaos_verdict& verdict) {
  report_writer out;
  out.value("format", "coppice chaos report");
  out.value("version", chaos_json_version);
  out.value("root", record.root);
  out.value("seed", record.seed);
  out.value("virtual_time", record.is_virtual);
  out.value("interrupted", record.interrupted);
  out.value("begin_ns", record.begin.count());
  out.value("end_ns", record.end.count());
  out.value("passed", verdict.passed());
  out.value("replay", verdict.replay);
  out.value("limits", limits_json(limits));
  out.list("broken_limits", verdict.broken_limits, [](const chaos_violation& each) {
    return ordered_json{
        {"limit", each.invariant}, {"path", each.path}, {"text", each.text}, {"time_ns", each.time.count()}};
  });
  out.list("broken_invariants", verdict.broken_invariants, [](const chaos_violation& each) {
    return ordered_json{
        {"invariant", each.invariant}, {"path", each.path}, {"text", each.text}, {"time_ns", each.time.count()}};
  });
  out.list("warnings", verdict.warnings, [](const std::string& each) { return ordered_json(each); });
  out.value("all", figures_json(figures.all));
  out.list("children", figures.children, figures_json);
  out.list("hits", record.hits, [](const chaos_hit& each) {
    return ordered_json{{"time_ns", each.time.count()},
                        {"path", each.path},
                        {"incarnation", each.incarnation},
                        {"way", each.way},
                        {"cuts", each.cuts}};
  });
  out.list("lives", record.lives, life_json);
  out.list("outages", find_outages(record), [&record](const chaos_outage& each) {
    return ordered_json{{"path", record.lives[each.life].path}, {"life", each.life},
                        {"hit_ns", each.hit.count()},           {"begin_ns", each.begin.count()},
                        {"end_ns", or_null(each.end)},          {"back", each.back}};
  });
  out.list("start_failures", record.start_failures, [](const chaos_start_failure& each) {
    return ordered_json{{"time_ns", each.time.count()}, {"path", each.path}, {"reason", each.reason.to_string()}};
  });
  out.list("give_ups", record.give_ups, [](const chaos_give_up& each) {
    return ordered_json{{"time_ns", each.time.count()}, {"path", each.path}, {"cause", or_null(each.cause)}};
  });
  return out.take();
}

}  // namespace coppice
