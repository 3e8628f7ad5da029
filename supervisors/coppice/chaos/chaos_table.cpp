#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <coppice/chaos/chaos_table.hpp>
#include <coppice/chaos/time_text.hpp>
#include <coppice/chaos/violation_groups.hpp>
#include <coppice/tree/quoted_text.hpp>

namespace coppice {

namespace {

using detail::grouped;
using detail::printable;
using figure_list = std::vector<const child_figures*>;

constexpr std::string_view red = "\x1b[31m";
constexpr std::string_view green = "\x1b[32m";
constexpr std::string_view yellow = "\x1b[33m";
constexpr std::string_view bold = "\x1b[1m";
constexpr std::string_view plain = "\x1b[0m";

std::string time_cell(const std::optional<std::chrono::nanoseconds>& time) {
  return time ? detail::time_text(*time) : "-";
}

struct column {
  std::string_view top;
  std::string_view name;
  std::string (*cell)(const child_figures&);
  std::uint64_t child_figures::*only_if_any = nullptr;
};

constexpr std::array columns{
    column{"", "cuts", [](const child_figures& of) { return grouped(of.cuts); }},
    column{"", "restarts", [](const child_figures& of) { return grouped(of.restarts); }},
    column{"recovery:", "median", [](const child_figures& of) { return time_cell(of.recovery_median); }},
    column{"", "p99", [](const child_figures& of) { return time_cell(of.recovery_p99); }},
    column{"", "max", [](const child_figures& of) { return time_cell(of.recovery_max); }},
    column{"not", "back", [](const child_figures& of) { return grouped(of.not_back); }, &child_figures::not_back},
    column{"", "available",
           [](const child_figures& of) {
             const auto value = of.availability();
             return value ? detail::per_cent_text(*value) : std::string{"-"};
           }},
    column{"", "calls", [](const child_figures& of) { return grouped(of.calls); }, &child_figures::calls},
    column{"calls", "failed", [](const child_figures& of) { return grouped(of.calls_failed); }},
    column{"messages", "lost", [](const child_figures& of) { return grouped(of.messages_lost); }},
    column{"blast", "radius", [](const child_figures& of) { return grouped(of.blast_max); }},
    column{"", "give-ups", [](const child_figures& of) { return grouped(of.give_ups); }},
    column{"failed", "starts", [](const child_figures& of) { return grouped(of.start_failures); },
           &child_figures::start_failures},
};

// The greater, the worse.
auto badness(const child_figures& of) {
  const auto none = std::chrono::nanoseconds{-1};
  return std::tuple{of.not_back,
                    -of.availability().value_or(100),
                    of.recovery_p99.value_or(none),
                    of.calls_failed,
                    of.messages_lost,
                    of.give_ups,
                    of.start_failures,
                    of.blast_max,
                    of.cuts};
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// The begin of a path tells the supervisor, its end the child, so it is the middle that goes.
std::string path_cell(const std::string& path, std::size_t width) {
  std::string text = printable(path);
  width = std::max<std::size_t>(width, 8);
  if (text.size() <= width) return text;
  std::size_t head = (width - 3) / 2;
  std::size_t tail = text.size() - (width - 3 - head);
  while (head > 0 && (static_cast<unsigned char>(text[head]) & 0xC0U) == 0x80U) --head;
  while (tail < text.size() && (static_cast<unsigned char>(text[tail]) & 0xC0U) == 0x80U) ++tail;
  return text.substr(0, head) + "..." + text.substr(tail);
}

class table_writer {
 public:
  table_writer(const chaos_record& record, const chaos_figures& figures, const chaos_verdict& verdict,
               const chaos_table_options& options)
      : record_{record}, figures_{figures}, verdict_{verdict}, options_{options} {
    for (const auto& each : columns) {
      if (each.only_if_any == nullptr || figures.all.*each.only_if_any > 0) shown_.push_back(&each);
    }
  }

  std::string write() {
    heading();
    choose_rows();
    rows_of_text();
    violations("limit", verdict_.broken_limits);
    violations("invariant", verdict_.broken_invariants);
    closing();
    return std::move(text_);
  }

 private:
  std::string_view in(std::string_view colour) const { return options_.colour ? colour : std::string_view{}; }

  void heading() {
    text_ += fmt::format("{}{}, seed {}{}: {} cut{} and {} restart{} in {} of {} time{}\n\n", in(bold),
                         printable(record_.root), record_.seed, in(plain), grouped(figures_.all.cuts),
                         figures_.all.cuts == 1 ? "" : "s", grouped(figures_.all.restarts),
                         figures_.all.restarts == 1 ? "" : "s", detail::time_text(record_.end - record_.begin),
                         record_.is_virtual ? "virtual" : "real", record_.interrupted ? ", then interrupted" : "");
  }

  // Takes the worst of one type, worst first; the rest is left in the order of the tree.
  void choose_worst(child_type type) {
    figure_list all;
    for (const auto& each : figures_.children) {
      if (each.type == type) all.push_back(&each);
    }
    if (all.size() > options_.worst_rows) {
      std::stable_sort(all.begin(), all.end(), [](const child_figures* left, const child_figures* right) {
        return badness(*left) > badness(*right);
      });
      left_out_.insert(left_out_.end(), all.begin() + static_cast<std::ptrdiff_t>(options_.worst_rows), all.end());
      all.resize(options_.worst_rows);
    }
    rows_.insert(rows_.end(), all.begin(), all.end());
  }

  void choose_rows() {
    if (figures_.children.size() > options_.all_rows) {
      choose_worst(child_type::supervisor);
      choose_worst(child_type::worker);
      return;
    }
    for (const auto& each : figures_.children) rows_.push_back(&each);
  }

  void rows_of_text() {
    std::vector<std::vector<std::string>> cells;
    cells.push_back({""});
    cells.push_back({"child"});
    for (const column* each : shown_) {
      cells[0].emplace_back(each->top);
      cells[1].emplace_back(each->name);
    }
    const auto add = [&](std::string name, const child_figures& of) {
      cells.push_back({std::move(name)});
      for (const column* each : shown_) cells.back().push_back(each->cell(of));
    };
    for (const child_figures* each : rows_) add(path_cell(each->path, options_.path_width), *each);
    add(fmt::format("all {}", grouped(figures_.children.size())), figures_.all);

    std::vector<std::size_t> widths(shown_.size() + 1);
    for (const auto& row : cells) {
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], characters(row[i]));
    }
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i + 1 == cells.size()) left_out();
      write_row(cells[i], widths, colour_of(i, cells.size()));
    }
  }

  std::string_view colour_of(std::size_t row, std::size_t rows) const {
    if (row < 2 || row + 1 == rows) return bold;
    const std::string& path = rows_[row - 2]->path;
    const auto is_about_it = [&path](const chaos_violation& each) { return each.path == path; };
    const bool is_bad = std::any_of(verdict_.broken_limits.begin(), verdict_.broken_limits.end(), is_about_it) ||
                        std::any_of(verdict_.broken_invariants.begin(), verdict_.broken_invariants.end(), is_about_it);
    return is_bad ? red : std::string_view{};
  }

  void write_row(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths,
                 std::string_view colour) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string padding(widths[i] - characters(cells[i]), ' ');
      line += i == 0 ? cells[i] + padding : "  " + padding + cells[i];
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text_ += colour.empty() ? line : fmt::format("{}{}{}", in(colour), line, in(plain));
    text_ += '\n';
  }

  // What the rows that are not there are at worst.
  void left_out() {
    if (left_out_.empty()) return;
    std::uint64_t cuts = 0;
    double available = 100;
    std::chrono::nanoseconds p99{0};
    for (const child_figures* each : left_out_) {
      cuts = std::max(cuts, each->cuts);
      available = std::min(available, each->availability().value_or(100));
      p99 = std::max(p99, each->recovery_p99.value_or(p99));
    }
    text_ += fmt::format("and {} other{}: at most {} cut{} each, available for {} or more, recovery p99 at most {}\n",
                         grouped(left_out_.size()), left_out_.size() == 1 ? "" : "s", grouped(cuts),
                         cuts == 1 ? "" : "s", detail::per_cent_text(available), detail::time_text(p99));
  }

  void violations(std::string_view kind, const std::vector<chaos_violation>& broken) {
    if (broken.empty()) return;
    text_ += fmt::format("\n{}broken {}{}:{}\n", in(red), kind, broken.size() == 1 ? "" : "s", in(plain));
    for (const auto& [name, those] : detail::by_rule(broken)) {
      const std::size_t told = std::min(options_.violations, those.size());
      for (std::size_t i = 0; i < told; ++i) text_ += fmt::format("  {}\n", to_string(*those[i]));
      if (told < those.size()) {
        text_ += fmt::format("  and {} more of {}\n", grouped(those.size() - told), printable(name));
      }
    }
  }

  void closing() {
    text_ += '\n';
    for (const auto& each : verdict_.warnings) {
      text_ += fmt::format("{}warning{}: {}\n", in(yellow), in(plain), printable(each));
    }
    if (verdict_.passed() && record_.interrupted) {
      text_ += "interrupted: the plan was not carried out to its end; what was done of it broke nothing\n";
    } else if (verdict_.passed()) {
      text_ += fmt::format("{}passed{}\n", in(green), in(plain));
    } else {
      text_ += fmt::format("{}failed{}, with seed {}\n", in(red), in(plain), record_.seed);
    }
    if (!verdict_.replay.empty()) text_ += fmt::format("replay: {}\n", printable(verdict_.replay));
  }

  const chaos_record& record_;
  const chaos_figures& figures_;
  const chaos_verdict& verdict_;
  const chaos_table_options& options_;
  std::vector<const column*> shown_;
  figure_list rows_;
  figure_list left_out_;
  std::string text_;
};

}  // namespace

std::string chaos_table(const chaos_record& record, const chaos_figures& figures, const chaos_verdict& verdict,
                        const chaos_table_options& options) {
  return table_writer{record, figures, verdict, options}.write();
}

std::string to_string(const chaos_violation& violation) {
  std::string text = violation.path.empty() ? "" : violation.path + ": ";
  text += violation.invariant;
  if (!violation.text.empty()) text += ": " + violation.text;
  return printable(text);
}

}  // namespace coppice
