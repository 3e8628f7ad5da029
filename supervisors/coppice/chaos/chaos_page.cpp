#include <array>
#include <iterator>
#include <string_view>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include <coppice/chaos/chaos_page.hpp>
#include <coppice/chaos/harm_kinds.hpp>
#include <coppice/chaos/markup.hpp>
#include <coppice/chaos/page_assets.hpp>
#include <coppice/chaos/page_data.hpp>
#include <coppice/chaos/page_overview.hpp>
#include <coppice/chaos/time_text.hpp>
#include <coppice/chaos/violation_groups.hpp>
#include <coppice/tree/quoted_text.hpp>

namespace coppice {

namespace {

using detail::escape_markup;
using detail::grouped;

// The shapes of page.js, one for each kind of harm.
constexpr std::array<std::string_view, 10> shapes{"M0-5 4.5 4-4.5 4Z",
                                                  "M-4-4H4V4H-4Z",
                                                  "M0-5.2 5.2 0 0 5.2-5.2 0Z",
                                                  "M0 5-4.5-4 4.5-4Z",
                                                  "M-1.6-5H1.6V-1.6H5V1.6H1.6V5H-1.6V1.6H-5V-1.6H-1.6Z",
                                                  "M-4.6 0A4.6 4.6 0 1 0 4.6 0 4.6 4.6 0 1 0-4.6 0Z",
                                                  "M-5-2H5V2H-5Z",
                                                  "M-2-5H2V5H-2Z",
                                                  "M-4-5 5 0-4 5Z",
                                                  "M4-5-5 0 4 5Z"};

std::string counted(std::uint64_t number, std::string_view of) {
  return fmt::format("{} {}{}", grouped(number), of, number == 1 ? "" : "s");
}

struct cell {
  std::string text;
  std::string value;  // By which the column is sorted; empty: there is none.
  bool is_zero = false;
};

cell number_cell(std::uint64_t number) {
  return {grouped(number), fmt::format("{}", number), number == 0};
}

cell time_cell(const std::optional<std::chrono::nanoseconds>& time) {
  if (!time) return {"–", "", true};
  return {detail::time_text(*time), fmt::format("{}", time->count())};
}

struct column {
  std::string_view head;
  std::string_view title;
  cell (*make)(const child_figures&);
  bool smallest_first = false;
};

constexpr std::array columns{
    column{"Cuts", "Hits that ended it, or took it out of service",
           [](const child_figures& of) { return number_cell(of.cuts); }},
    column{"Restarts", "Lives after the first", [](const child_figures& of) { return number_cell(of.restarts); }},
    column{"Recovery<br>median", "From the hit to the begin of the next life",
           [](const child_figures& of) { return time_cell(of.recovery_median); }},
    column{"<br>p99", "99 of 100 recoveries took no longer",
           [](const child_figures& of) { return time_cell(of.recovery_p99); }},
    column{"<br>max", "The longest recovery", [](const child_figures& of) { return time_cell(of.recovery_max); }},
    column{"Not<br>back", "Still out of service at the end",
           [](const child_figures& of) { return number_cell(of.not_back); }},
    column{"Available", "Share of the time from its first begin to the end of the record",
           [](const child_figures& of) {
             const auto value = of.availability();
             return value ? cell{detail::per_cent_text(*value), fmt::format("{}", *value)} : cell{"–", "", true};
           },
           true},
    column{"Calls", "Of the plan's load", [](const child_figures& of) { return number_cell(of.calls); }},
    column{"Calls<br>failed", "Answered by a failure, or not at all",
           [](const child_figures& of) { return number_cell(of.calls_failed); }},
    column{"Messages<br>lost", "Sent to it, and never handled",
           [](const child_figures& of) { return number_cell(of.messages_lost); }},
    column{"Blast<br>max", "Others that went down with one cut here",
           [](const child_figures& of) { return number_cell(of.blast_max); }},
    column{"Blast<br>mean", "The same, for all cuts here",
           [](const child_figures& of) {
             return cell{fmt::format("{:.2f}", of.blast_mean()), fmt::format("{}", of.blast_mean()), of.blast_sum == 0};
           }},
    column{"Give-<br>ups", "One more restart would have been too many",
           [](const child_figures& of) { return number_cell(of.give_ups); }},
    column{"Failed<br>starts", "Attempts to start it that failed",
           [](const child_figures& of) { return number_cell(of.start_failures); }},
};

class page_writer {
 public:
  page_writer(const chaos_record& record, const chaos_figures& figures, const chaos_verdict& verdict)
      : record_{record}, figures_{figures}, verdict_{verdict} {}

  std::string write() {
    const std::string title = escape_markup(record_.root);
    add(R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chaos: {}</title>
<style>
)",
        title);
    text_ += detail::page_css;
    add("</style>\n</head>\n<body class=\"{}\">\n", verdict_.passed() ? "passed" : "failed");
    write_head(title);
    write_broken("limit", verdict_.broken_limits);
    write_broken("invariant", verdict_.broken_invariants);
    write_timeline();
    write_table();
    text_ += "<script type=\"application/json\" id=\"data\">";
    text_ += detail::escape_script(detail::page_data(record_, figures_));
    text_ += "</script>\n<script>\n";
    text_ += detail::page_js;
    text_ += "</script>\n</body>\n</html>\n";
    return std::move(text_);
  }

 private:
  template <class... Values>
  void add(fmt::format_string<Values...> form, Values&&... values) {
    fmt::format_to(std::back_inserter(text_), form, std::forward<Values>(values)...);
  }

  void write_head(const std::string& title) {
    add("<header>\n<div class=\"head\"><h1>Chaos: {}</h1><span class=\"verdict\">{}</span></div>\n", title,
        verdict_.passed() ? "passed" : "failed");
    add("<p class=\"facts\">Seed <b>{}</b> · <b>{}</b> of {} time{} · <b>{}</b> · <b>{}</b> · <b>{}</b> in the "
        "tree</p>\n",
        record_.seed, detail::time_text(record_.end - record_.begin), record_.is_virtual ? "virtual" : "real",
        record_.interrupted ? ", then <b>interrupted</b>" : "", counted(figures_.all.cuts, "cut"),
        counted(figures_.all.restarts, "restart"),
        figures_.children.size() == 1 ? std::string{"1 process"} : grouped(figures_.children.size()) + " processes");
    if (!verdict_.replay.empty()) {
      add("<div class=\"replay\"><span>Replay:</span> <code id=\"replay\">{}</code> <button type=\"button\" "
          "id=\"copy\">Copy</button></div>\n",
          escape_markup(verdict_.replay));
    }
    for (const auto& each : verdict_.warnings) {
      add("<p class=\"warning\"><b>Warning:</b> {}</p>\n", escape_markup(each));
    }
    text_ += "</header>\n";
  }

  void write_broken(std::string_view kind, const std::vector<chaos_violation>& broken) {
    if (broken.empty()) return;
    constexpr std::size_t most = 200;  // of each rule
    add("<h2>Broken {}s</h2>\n<ul class=\"broken\" tabindex=\"0\" aria-label=\"Broken {}s\">\n", kind, kind);
    for (const auto& [name, those] : detail::by_rule(broken)) {
      for (std::size_t i = 0; i < std::min(most, those.size()); ++i) {
        const chaos_violation& each = *those[i];
        add("<li><b>{}</b>{} <span class=\"path\">{}</span> {} <span class=\"note\">at {}</span></li>\n",
            escape_markup(each.invariant), each.path.empty() ? "" : ":", escape_markup(each.path),
            escape_markup(each.text), detail::time_text(each.time));
      }
      if (those.size() > most) {
        add("<li>and {} more of {}; report.json has them all</li>\n", grouped(those.size() - most),
            escape_markup(name));
      }
    }
    text_ += "</ul>\n";
  }

  void write_timeline() {
    const detail::page_overview overview = detail::draw_overview(record_);
    text_ += "<h2 id=\"when\">Timeline</h2>\n<ul class=\"legend\">\n";
    add("<li><svg viewBox=\"-8 -7 16 14\"><rect class=\"l\" x=\"-8\" y=\"-5\" width=\"16\" "
        "height=\"10\"/></svg>in service</li>\n<li><svg viewBox=\"-8 -7 16 14\"><rect class=\"o\" x=\"-8\" y=\"-6\" "
        "width=\"16\" height=\"12\"/></svg>out of service</li>\n<li><svg viewBox=\"-8 -7 16 14\"><rect class=\"h\" "
        "x=\"-8\" y=\"-6\" width=\"16\" height=\"12\"/></svg>hangs</li>\n");
    for (const auto& kind : detail::harm_kinds(record_)) {
      const std::size_t colour = kind.colour % shapes.size();
      add("<li><svg viewBox=\"-8 -7 16 14\"><path class=\"w{}\" d=\"{}\"/></svg>{} ({})</li>\n", colour, shapes[colour],
          escape_markup(kind.name), grouped(kind.count));
    }
    if (!record_.give_ups.empty()) {
      add("<li><svg viewBox=\"-8 -7 16 14\"><path class=\"g\" d=\"M0-7l6 7-6 7-6-7Z\"/></svg>gave up ({})</li>\n",
          grouped(record_.give_ups.size()));
    }
    if (!record_.start_failures.empty()) {
      add("<li><svg viewBox=\"-8 -7 16 14\"><path class=\"f\" d=\"M-3-3l6 6m0-6l-6 6\"/></svg>failed start ({})</li>\n",
          grouped(record_.start_failures.size()));
    }
    text_ += "</ul>\n";
    add("<div class=\"overview\"><div class=\"names\"><div>{} in service<span><br>{} at "
        "least</span></div><div>hits<span>, "
        "up to {}<br>in {}</span></div></div><div class=\"picture\">",
        grouped(overview.most_in_service), grouped(overview.least_in_service), grouped(overview.most_hits),
        detail::time_text(overview.slice));
    text_ += overview.svg;
    add("</div></div>\n<div class=\"times\"><span>{}</span><span>{}</span></div>\n", detail::time_text(record_.begin),
        detail::time_text(record_.end));
    text_ += detail::page_timeline;
  }

  void write_row(const child_figures& of) {
    for (const auto& each : columns) {
      const cell made = each.make(of);
      add("<td data-v=\"{}\"{}>{}</td>", made.value.empty() ? "-" : made.value, made.is_zero ? " class=\"zero\"" : "",
          made.text);
    }
    text_ += "</tr>\n";
  }

  void write_table() {
    std::unordered_set<std::string_view> bad;
    for (const auto& each : verdict_.broken_limits) bad.insert(each.path);
    for (const auto& each : verdict_.broken_invariants) bad.insert(each.path);
    text_ +=
        "<h2>Each child</h2>\n<div class=\"table\" tabindex=\"0\" role=\"region\" aria-label=\"Figures of each "
        "child\"><table id=\"figures\">\n<thead><tr><th scope=\"col\">Child</th>";
    for (const auto& each : columns) {
      add("<th scope=\"col\" title=\"{}\"{}>{}</th>", each.title, each.smallest_first ? " data-first=\"up\"" : "",
          each.head);
    }
    text_ += "</tr></thead>\n<tbody>\n";
    for (std::size_t i = 0; i < figures_.children.size(); ++i) {
      const child_figures& of = figures_.children[i];
      add("<tr data-path=\"{}\" class=\"{}{}\"><td>{}</td>", i, to_string(of.type), bad.contains(of.path) ? " bad" : "",
          escape_markup(of.path));
      write_row(of);
    }
    add("</tbody>\n<tfoot><tr><td>all {}</td>", grouped(figures_.children.size()));
    write_row(figures_.all);
    text_ += "</tfoot>\n</table></div>\n";
  }

  const chaos_record& record_;
  const chaos_figures& figures_;
  const chaos_verdict& verdict_;
  std::string text_;
};

}  // namespace

std::string chaos_page(const chaos_record& record, const chaos_figures& figures, const chaos_verdict& verdict) {
  return page_writer{record, figures, verdict}.write();
}

}  // namespace coppice
