#include "recorded_trace.hpp"

#include <istream>
#include <ostream>
#include <sstream>
#include <stdexcept>

namespace coppice::conformance {
namespace {

constexpr std::string_view done_sign = "$";
constexpr std::string_view idle_sign = ".";

const std::map<std::string, char> signs = {
    {"started", '+'}, {"start_failed", '!'}, {"exited", '-'}, {"restart_limit", '*'}};

/// The part of a path up to and with its last slash.
std::string folder(const std::string& path) {
  return path.substr(0, path.rfind('/') + 1);
}

/// What follows from the starts and ends of a trace, and the path written last.
class follower {
 public:
  void started(const std::string& path, const std::string& incarnation) { alive_[path] = incarnation; }

  void exited(const std::string& path, const std::string& incarnation) {
    // An orphan may end after its successor has started.
    if (auto found = alive_.find(path); found != alive_.end() && found->second == incarnation) alive_.erase(found);
  }

  std::string idle() {
    std::string line = "idle " + std::to_string(step_++);
    for (const auto& [path, incarnation] : alive_) line += " " + path + "=" + incarnation;
    return line;
  }

  std::string step() const { return std::to_string(step_); }

  std::string shorten(const std::string& path) {
    auto short_path = !folder_.empty() && folder(path) == folder_ ? "^" + path.substr(folder_.size()) : path;
    folder_ = folder(path);
    return short_path;
  }

  std::string lengthen(const std::string& short_path) {
    auto path = short_path.starts_with('^') ? folder_ + short_path.substr(1) : short_path;
    folder_ = folder(path);
    return path;
  }

 private:
  std::map<std::string, std::string> alive_;
  std::string folder_;
  int step_ = 0;
};

void expect(bool holds, const std::string& line) {
  if (!holds) throw std::invalid_argument("no line of a trace that can be recorded: " + line);
}

std::string record_line(const std::string& line, follower& tree) {
  std::istringstream words(line);
  std::string event;
  words >> event;
  if (event == "done") return std::string(done_sign);
  if (event == "idle") {
    auto idle = tree.idle();
    expect(line == idle, line + "\nas it should be: " + idle);
    return std::string(idle_sign);
  }
  if (event == "result") {
    auto prefix = "result " + tree.step() + " ";
    expect(line.starts_with(prefix), line);
    return "=" + line.substr(prefix.size());
  }
  std::string path;
  std::string rest;
  words >> path;
  std::getline(words, rest);
  auto sign = signs.find(event);
  expect(sign != signs.end(), line);
  expect(!rest.empty() || event == "restart_limit", line);
  auto incarnation = rest.substr(0, rest.find(' ', 1));
  if (event == "started") tree.started(path, incarnation.substr(1));
  if (event == "exited") tree.exited(path, incarnation.substr(1));
  return sign->second + tree.shorten(path) + rest;
}

std::string read_line(const std::string& text, follower& tree) {
  if (text == done_sign) return "done";
  if (text == idle_sign) return tree.idle();
  if (text.starts_with('=')) return "result " + tree.step() + " " + text.substr(1);
  for (const auto& [event, sign] : signs) {
    if (!text.starts_with(sign)) continue;
    std::istringstream words(text.substr(1));
    std::string short_path;
    std::string rest;
    words >> short_path;
    std::getline(words, rest);
    expect(!rest.empty() || event == "restart_limit", text);
    auto path = tree.lengthen(short_path);
    auto incarnation = rest.substr(0, rest.find(' ', 1));
    if (event == "started") tree.started(path, incarnation.substr(1));
    if (event == "exited") tree.exited(path, incarnation.substr(1));
    return event + " " + path + rest;
  }
  throw std::invalid_argument("no line of a recorded trace: " + text);
}

}  // namespace

void write_recorded(std::ostream& out, const recorded_traces& traces) {
  for (const auto& [name, trace] : traces) {
    out << "scenario " << name << "\n";
    follower tree;
    for (const auto& line : trace.lines) out << record_line(line, tree) << "\n";
  }
}

recorded_traces read_recorded(std::istream& in) {
  recorded_traces traces;
  normal_trace* trace = nullptr;
  follower tree;
  for (std::string text; std::getline(in, text);) {
    if (text.starts_with("scenario ")) {
      trace = &traces[text.substr(9)];
      tree = {};
    } else if (trace == nullptr) {
      throw std::invalid_argument("expected a line \"scenario NAME\" first; got: " + text);
    } else {
      trace->lines.push_back(read_line(text, tree));
    }
  }
  return traces;
}

}  // namespace coppice::conformance
