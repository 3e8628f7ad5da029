#include <cstdint>
#include <iterator>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <coppice/chaos/chaos_outages.hpp>
#include <coppice/chaos/harm_kinds.hpp>
#include <coppice/chaos/page_data.hpp>

namespace coppice::detail {

namespace {

using std::chrono::nanoseconds;

// Texts that are named by a number, in the order in which they came first.
class text_list {
 public:
  std::size_t number_of(const std::string& text) {
    const auto [at, is_new] = numbers_.try_emplace(text, texts_.size());
    if (is_new) texts_.push_back(text);
    return at->second;
  }

  const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::unordered_map<std::string, std::size_t> numbers_;
  std::vector<std::string> texts_;
};

std::int64_t number(const std::optional<nanoseconds>& time) {
  return time ? time->count() : -1;
}

std::int64_t number(const std::optional<std::size_t>& index) {
  return index ? static_cast<std::int64_t>(*index) : -1;
}

class data_writer {
 public:
  data_writer(const chaos_record& record, const chaos_figures& figures) : record_{record}, figures_{figures} {
    for (std::size_t i = 0; i < figures.children.size(); ++i) paths_.emplace(figures.children[i].path, i);
  }

  std::string write() {
    text_ = fmt::format(R"({{"begin":{},"end":{})", record_.begin.count(), record_.end.count());
    std::vector<std::string> paths;
    for (const auto& each : figures_.children) paths.push_back(each.path);
    texts("paths", paths);
    list("types", figures_.children, [](const auto& each) { return each.type == child_type::supervisor ? 1 : 0; });
    write_hits();
    write_lives();
    write_others();
    texts("ways", ways_.texts());
    write_kinds();
    texts("reasons", reasons_.texts());
    return std::move(text_) + "}";
  }

 private:
  std::size_t path(std::string_view of) const { return paths_.find(of)->second; }

  void name(std::string_view name) {
    if (text_.back() != '{') text_ += ',';
    text_ += fmt::format("\"{}\":", name);
  }

  template <class Range, class Function>
  void list(std::string_view called, const Range& elements, Function value) {
    name(called);
    text_ += '[';
    bool first = true;
    for (const auto& each : elements) {
      if (!first) text_ += ',';
      first = false;
      fmt::format_to(std::back_inserter(text_), "{}", value(each));
    }
    text_ += ']';
  }

  void texts(std::string_view called, const std::vector<std::string>& all) {
    name(called);
    text_ += nlohmann::json(all).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }

  void begin(std::string_view called) {
    name(called);
    text_ += '{';
  }
  void end() { text_ += '}'; }

  void write_hits() {
    begin("hits");
    list("time", record_.hits, [](const auto& each) { return each.time.count(); });
    list("path", record_.hits, [this](const auto& each) { return path(each.path); });
    list("incarnation", record_.hits, [](const auto& each) { return each.incarnation; });
    list("way", record_.hits, [this](const auto& each) { return ways_.number_of(each.way); });
    list("cuts", record_.hits, [](const auto& each) { return each.cuts ? 1 : 0; });
    end();
  }

  void write_lives() {
    begin("lives");
    list("path", record_.lives, [this](const auto& each) { return path(each.path); });
    list("incarnation", record_.lives, [](const auto& each) { return each.incarnation; });
    list("begin", record_.lives, [](const auto& each) { return each.begin.count(); });
    list("end", record_.lives, [](const auto& each) { return number(each.end); });
    list("reason", record_.lives, [this](const auto& each) {
      return each.end ? static_cast<std::int64_t>(reasons_.number_of(each.reason.to_string())) : -1;
    });
    list("cause", record_.lives, [this](const auto& each) {
      return each.cause && *each.cause < record_.hits.size() ? number(each.cause) : -1;
    });
    list("hung", record_.lives, [](const auto& each) { return number(each.hung); });
    list("shut_down", record_.lives, [](const auto& each) { return each.shut_down ? 1 : 0; });
    end();
  }

  void write_others() {
    const std::vector<chaos_outage> outages = find_outages(record_);
    begin("outages");
    list("life", outages, [](const auto& each) { return each.life; });
    list("hit", outages, [](const auto& each) { return each.hit.count(); });
    list("begin", outages, [](const auto& each) { return each.begin.count(); });
    list("end", outages, [](const auto& each) { return number(each.end); });
    list("back", outages, [](const auto& each) { return each.back ? 1 : 0; });
    end();
    begin("give_ups");
    list("time", record_.give_ups, [](const auto& each) { return each.time.count(); });
    list("path", record_.give_ups, [this](const auto& each) { return path(each.path); });
    list("cause", record_.give_ups, [this](const auto& each) {
      return each.cause && *each.cause < record_.hits.size() ? number(each.cause) : -1;
    });
    end();
    begin("failures");
    list("time", record_.start_failures, [](const auto& each) { return each.time.count(); });
    list("path", record_.start_failures, [this](const auto& each) { return path(each.path); });
    list("reason", record_.start_failures,
         [this](const auto& each) { return reasons_.number_of(each.reason.to_string()); });
    end();
  }

  void write_kinds() {
    std::unordered_map<std::string_view, std::size_t> colours;
    const std::vector<harm_kind> kinds = harm_kinds(record_);
    for (const auto& each : kinds) colours.emplace(each.name, each.colour);
    list("kind_of_way", ways_.texts(), [&](const auto& each) { return colours[kind_of_way(each)]; });
  }

  const chaos_record& record_;
  const chaos_figures& figures_;
  std::unordered_map<std::string_view, std::size_t> paths_;
  text_list ways_;
  text_list reasons_;
  std::string text_;
};

}  // namespace

std::string page_data(const chaos_record& record, const chaos_figures& figures) {
  return data_writer{record, figures}.write();
}

}  // namespace coppice::detail
