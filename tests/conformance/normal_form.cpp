#include "normal_form.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

namespace coppice::conformance {
namespace {

using nlohmann::json;

const std::map<std::string, std::set<std::string>> known_keys = {
    {"started", {"path", "incarnation"}},
    {"start_failed", {"path", "reason"}},
    {"exited", {"path", "incarnation", "reason"}},
    {"restart_limit", {"path"}},
    {"result", {"step", "ok", "value", "error", "reason"}},
    {"idle", {"step", "alive"}},
    {"done", {}},
};

std::string number_text(const json& number) {
  if (number.is_number_unsigned()) {
    if (auto value = number.get<std::uint64_t>(); value < 1'000'000'000'000) return std::to_string(value);
  } else if (number.is_number_integer()) {
    if (auto value = number.get<std::int64_t>(); std::abs(value) < 1'000'000'000'000) return std::to_string(value);
  }
  return conformance::number_text(number.get<double>());
}

/// Whether a string needs no quotes to be told from a number or from two strings.
bool is_plain(const std::string& text) {
  if (text.empty() || text[0] == '-' || (text[0] >= '0' && text[0] <= '9')) return false;
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > ' ' && c != '"' && c < 127; });
}

std::string value_text(const json& value) {
  if (value.is_number()) return number_text(value);
  if (value.is_string()) return is_plain(value.get_ref<const std::string&>()) ? value.get<std::string>() : value.dump();
  if (value.is_array()) {
    std::string text = "[";
    for (const auto& item : value) text += (text.size() > 1 ? "," : "") + value_text(item);
    return text + "]";
  }
  if (value.is_object()) {
    std::string text = "{";
    for (const auto& [key, item] : value.items()) text += (text.size() > 1 ? "," : "") + key + ":" + value_text(item);
    return text + "}";
  }
  return value.dump();
}

std::string member_text(const json& event, const char* key, bool (json::*has_type)() const) {
  auto member = event.find(key);
  if (member == event.end()) return std::string("(no ") + key + ")";
  if (!((*member).*has_type)()) return std::string("(wrong ") + key + " " + member->dump() + ")";
  return value_text(*member);
}

std::string result_text(const json& event) {
  std::string text = "result " + member_text(event, "step", &json::is_number);
  if (event.contains("error")) {
    text += " error " + member_text(event, "error", &json::is_string);
    if (event.contains("ok")) text += " ok:" + event["ok"].dump();
    if (event.contains("value")) text += " value:" + value_text(event["value"]);
    if (event.contains("reason")) text += " " + member_text(event, "reason", &json::is_string);
    return text;
  }
  text += event.contains("ok") && event["ok"] == true ? " ok" : " (neither error nor ok)";
  if (event.contains("value")) text += " " + value_text(event["value"]);
  if (event.contains("reason")) text += " reason:" + value_text(event["reason"]);
  return text;
}

std::string idle_text(const json& event) {
  std::string text = "idle " + member_text(event, "step", &json::is_number);
  if (!event.contains("alive") || !event["alive"].is_object()) {
    return text + " " + member_text(event, "alive", &json::is_object);
  }
  for (const auto& [path, incarnation] : event["alive"].items()) text += " " + path + "=" + value_text(incarnation);
  return text;
}

std::string event_text(const json& event, const std::string& name) {
  if (name == "result") return result_text(event);
  if (name == "idle") return idle_text(event);
  std::string text = name;
  if (name == "done") return text;
  text += " " + member_text(event, "path", &json::is_string);
  if (name == "started" || name == "exited") text += " " + member_text(event, "incarnation", &json::is_number);
  if (name == "start_failed" || name == "exited") text += " " + member_text(event, "reason", &json::is_string);
  return text;
}

/// A line of normal form, taken apart as far as ordering needs it.
struct parsed_line {
  std::string event;
  std::string path;
  std::string incarnation;

  explicit parsed_line(const std::string& line) {
    std::istringstream words(line);
    words >> event;
    if (event != "result" && event != "idle" && event != "done") words >> path >> incarnation;
  }
};

bool is_below(const std::string& path, const std::string& supervisor) {
  return path.size() > supervisor.size() && path.starts_with(supervisor) && path[supervisor.size()] == '/';
}

/// The id of the child of `supervisor` that `path` belongs to.
std::string group_of(const std::string& path, const std::string& supervisor) {
  auto begin = supervisor.size() + 1;
  return path.substr(begin, path.find('/', begin) - begin);
}

/// One step's lines, put in order from the front. Knows who is alive at the line it stands at.
class step_order {
 public:
  using alive_set = std::set<std::pair<std::string, std::string>>;

  explicit step_order(alive_set alive) : alive_(std::move(alive)) {}

  std::vector<std::string> arrange(std::vector<std::string> lines) {
    for (std::size_t at = 0; at < lines.size(); ++at) {
      parsed_line line(lines[at]);
      if (line.event == "started") alive_.insert({line.path, line.incarnation});
      if (line.event != "exited") continue;
      alive_.erase({line.path, line.incarnation});
      auto orphans = take_orphans(lines, at + 1, line.path);
      lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(at) + 1, orphans.begin(), orphans.end());
      at += orphans.size();
    }
    return lines;
  }

  const alive_set& alive() const { return alive_; }

 private:
  /// Takes out of `lines` the ends of those alive below `supervisor` now, and gives them in groups.
  std::vector<std::string> take_orphans(std::vector<std::string>& lines, std::size_t from,
                                        const std::string& supervisor) {
    std::map<std::string, std::vector<std::string>> groups;
    std::vector<std::string> others(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(from));
    for (std::size_t at = from; at < lines.size(); ++at) {
      parsed_line line(lines[at]);
      if (line.event == "exited" && is_below(line.path, supervisor) && alive_.contains({line.path, line.incarnation})) {
        groups[group_of(line.path, supervisor)].push_back(lines[at]);
      } else {
        others.push_back(lines[at]);
      }
    }
    lines = std::move(others);
    std::vector<std::string> orphans;
    for (auto& [id, group] : groups) {
      auto arranged = arrange(std::move(group));
      orphans.insert(orphans.end(), arranged.begin(), arranged.end());
    }
    return orphans;
  }

  alive_set alive_;
};

}  // namespace

std::string number_text(double number) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.12g", number == 0 ? 0.0 : number);
  return text.data();
}

std::vector<std::string> in_normal_order(std::vector<std::string> lines) {
  std::vector<std::string> ordered;
  step_order order({});
  std::vector<std::string> step;
  std::vector<std::string> results;
  auto end_step = [&] {
    auto arranged = order.arrange(std::move(step));
    ordered.insert(ordered.end(), arranged.begin(), arranged.end());
    ordered.insert(ordered.end(), results.begin(), results.end());
    step.clear();
    results.clear();
  };
  for (auto& line : lines) {
    parsed_line parsed(line);
    if (parsed.event == "result") {
      results.push_back(std::move(line));
    } else if (parsed.event == "idle" || parsed.event == "done") {
      end_step();
      ordered.push_back(std::move(line));
    } else {
      step.push_back(std::move(line));
    }
  }
  end_step();
  return ordered;
}

normal_trace to_normal_form(std::string_view json_lines) {
  normal_trace trace;
  std::vector<std::string> lines;
  std::size_t number = 0;
  while (!json_lines.empty()) {
    auto end = json_lines.find('\n');
    std::string text(json_lines.substr(0, end));
    json_lines.remove_prefix(end == std::string_view::npos ? json_lines.size() : end + 1);
    ++number;
    auto note = [&](const std::string& what) {
      trace.notes.push_back("line " + std::to_string(number) + ": " + what + ": " + text);
    };
    auto event = json::parse(text, nullptr, false);
    if (!event.is_object() || !event.contains("event") || !event["event"].is_string()) {
      note("no JSON event");
      continue;
    }
    auto name = event["event"].get<std::string>();
    auto keys = known_keys.find(name);
    if (keys == known_keys.end()) {
      note("unknown event");
      continue;
    }
    if (name == "result" && event.contains("error") && event.contains("ok") && event["ok"] == false) {
      note("\"ok\":false beside an error");
      event.erase("ok");
    }
    if (name == "result" && event.contains("value") && event["value"].is_null()) {
      note("\"value\":null");
      event.erase("value");
    }
    for (const auto& [key, value] : event.items()) {
      if (key != "event" && !keys->second.contains(key)) note("unknown key \"" + key + "\"");
    }
    lines.push_back(event_text(event, name));
  }
  trace.lines = in_normal_order(std::move(lines));
  return trace;
}

}  // namespace coppice::conformance
