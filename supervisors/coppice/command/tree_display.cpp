#include <algorithm>

#include <fmt/format.h>

#include <coppice/command/start_failure.hpp>
#include <coppice/command/tree_display.hpp>
#include <coppice/command/tree_outline.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/tree/quoted_text.hpp>

namespace coppice::command {

namespace {

// More processes than this are started and ended in one line.
constexpr std::uint64_t few = 12;
// More events of a kind in a row than this are one line.
constexpr std::size_t many = 8;
// A reason may hold the text of an exception, which may be long.
constexpr std::size_t reason_width = 120;

std::string reason_text(const exit_reason& reason) {
  std::string text = detail::printable(reason.to_string());
  if (text.size() <= reason_width) return text;
  std::size_t end = reason_width;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "...";
}

std::string ordinal(std::uint64_t number) {
  const std::uint64_t last_two = number % 100;
  const char* ending = "th";
  if (last_two < 11 || last_two > 13) {
    switch (number % 10) {
      case 1: ending = "st"; break;
      case 2: ending = "nd"; break;
      case 3: ending = "rd"; break;
      default: break;
    }
  }
  return detail::grouped(number) + ending;
}

// Of a supervisor it is a child, as a rule, that did not start.
std::string failed_text(const tree_event& event) {
  const std::string who = start_failure_text(event.path, event.reason);
  if (who.starts_with(event.path + "/")) return fmt::format("{} did not start because of {}", event.path, who);
  return fmt::format("{} did not start: {}", event.path, reason_text(event.reason));
}

std::string_view parent_of(std::string_view path) {
  const auto last = path.rfind('/');
  return last == std::string_view::npos ? std::string_view{} : path.substr(0, last);
}

}  // namespace

std::string counted(std::uint64_t number, std::string_view of) {
  std::string_view ending = "s";
  if (of.ends_with('s')) ending = "es";
  return fmt::format("{} {}{}", detail::grouped(number), of, number == 1 ? "" : ending);
}

std::string short_time(std::chrono::nanoseconds time) {
  const double seconds = std::chrono::duration<double>{time}.count();
  const bool long_one = seconds >= 1;
  const double value = long_one ? seconds : seconds * 1e3;
  const int digits = value >= 100 ? 0 : value >= 1 ? 1 : 2;
  return fmt::format("{:.{}f} {}", value, digits, long_one ? "s" : "ms");
}

tree_display::tree_display(const supervisor_spec& root, std::chrono::nanoseconds begin, bool colour)
    : root_{root}, begin_{begin}, colour_{colour}, is_large_{process_count(root) > few} {}

std::string tree_display::lines(std::span<const tree_event> events) {
  std::string text;
  while (!events.empty()) {
    const std::size_t run = run_length(events);
    if (run > many) {
      text += run_line(events.first(run));
      events = events.subspan(run);
    } else {
      text += event_line(events.front());
      events = events.subspan(1);
    }
  }
  return text;
}

std::string tree_display::line(std::chrono::nanoseconds time, std::string_view word, std::string_view text) {
  if (word == "stopping") is_stopping_ = true;
  return compose(time, word, text, shade::plain);
}

// How many of the first events are the same but for the process.
std::size_t tree_display::run_length(std::span<const tree_event> events) const {
  const tree_event& first = events.front();
  if (first.what == tree_event::kind::restart_limit || (is_large_ && !is_up_)) return 1;
  const auto parent = parent_of(first.path);
  if (parent.empty()) return 1;
  const auto differs = [&](const tree_event& each) {
    return each.what != first.what || each.type != first.type || (each.incarnation > 1) != (first.incarnation > 1) ||
           parent_of(each.path) != parent || !(each.reason == first.reason);
  };
  return static_cast<std::size_t>(std::find_if(events.begin(), events.end(), differs) - events.begin());
}

std::string tree_display::run_line(std::span<const tree_event> run) {
  const tree_event& first = run.front();
  const tree_event& last = run.back();
  const std::string whom = fmt::format("{}/*: {}", parent_of(first.path),
                                       counted(run.size(), first.type == child_type::worker ? "worker" : "supervisor"));
  std::chrono::nanoseconds longest{0};
  bool folded = true;
  for (const auto& each : run) {
    longest = std::max(longest, note(each));
    folded = folded && is_folded(each);
  }
  if (folded) return {};
  switch (first.what) {
    case tree_event::kind::started:
      if (first.incarnation == 1) return compose(last.time, "started", whom, shade::good);
      return compose(last.time, "restarted", fmt::format("{}, gone for {} at most", whom, short_time(longest)),
                     shade::good);
    case tree_event::kind::start_failed:
      return compose(last.time, "failed", fmt::format("{} did not start: {}", whom, reason_text(first.reason)),
                     shade::bad);
    default:
      return compose(last.time, "exited", fmt::format("{}, {}", whom, reason_text(first.reason)),
                     first.reason.is_normal_end() ? shade::faint : shade::bad);
  }
}

std::string tree_display::event_line(const tree_event& event) {
  if (event.what == tree_event::kind::started) return started_line(event);
  note(event);
  if (is_folded(event)) return {};
  switch (event.what) {
    case tree_event::kind::start_failed: return compose(event.time, "failed", failed_text(event), shade::bad);
    case tree_event::kind::restart_limit: {
      const auto known = find_in_tree(root_, event.path);
      const std::string limit =
          known && known->supervisor != nullptr
              ? fmt::format(": more than {} within {} s", counted(known->supervisor->max_restarts, "restart"),
                            known->supervisor->max_seconds.count())
              : "";
      return compose(event.time, "gave up", event.path + limit, shade::worst);
    }
    default:
      return compose(event.time, "exited",
                     fmt::format("{} {}: {}", event.path, to_string(event.process), reason_text(event.reason)),
                     event.reason.is_normal_end() ? shade::faint : shade::bad);
  }
}

std::string tree_display::started_line(const tree_event& event) {
  const auto gone_for = note(event);
  const bool is_first_up = !is_up_ && event.path == root_.id;
  std::string text;
  if (!is_folded(event)) {
    const std::string whom = fmt::format("{} {}", event.path, to_string(event.process));
    if (event.incarnation == 1) {
      text = compose(event.time, "started", whom, shade::good);
    } else {
      text = compose(event.time, "restarted",
                     fmt::format("{}, its {} life{}", whom, ordinal(event.incarnation),
                                 gone_for.count() > 0 ? ", gone for " + short_time(gone_for) : ""),
                     shade::good);
    }
  }
  if (is_first_up) {
    is_up_ = true;
    text += compose(event.time, "up",
                    fmt::format("{} is up: {} and {} in {}", event.path, counted(workers_, "worker"),
                                counted(supervisors_, "supervisor"), short_time(event.time - begin_)),
                    shade::good);
  }
  return text;
}

// Counts it, and returns for how long a process that has started had been gone.
std::chrono::nanoseconds tree_display::note(const tree_event& event) {
  std::uint64_t& kind = event.type == child_type::worker ? workers_ : supervisors_;
  if (event.what == tree_event::kind::exited) {
    --alive_;
    --kind;
    if (!is_stopping_) gone_since_.insert_or_assign(event.path, event.time);
  } else if (event.what == tree_event::kind::started) {
    ++alive_;
    ++kind;
    const auto found = gone_since_.find(event.path);
    if (found != gone_since_.end()) {
      const auto gone_for = event.time - found->second;
      gone_since_.erase(found);
      return gone_for;
    }
  }
  return {};
}

// Whether it belongs to the start or the end of a large tree and is as expected.
bool tree_display::is_folded(const tree_event& event) {
  if (!is_large_) return false;
  if (!is_up_) return event.what == tree_event::kind::started || event.what == tree_event::kind::exited;
  return is_stopping_ && event.what == tree_event::kind::exited && event.reason == exit_reason::shutdown();
}

std::string tree_display::compose(std::chrono::nanoseconds time, std::string_view word, std::string_view text,
                                  shade as) const {
  constexpr std::string_view colours[] = {"", "\033[32m", "\033[31m", "\033[1;31m", "\033[2m"};
  const double seconds = std::chrono::duration<double>{time - begin_}.count();
  const std::string_view on = colours[static_cast<std::size_t>(as)];
  if (!colour_ || on.empty()) return fmt::format("{:>9.3f} s  {:<9}  {}\n", seconds, word, text);
  return fmt::format("\033[2m{:>9.3f} s\033[0m  {}{:<9}\033[0m  {}\n", seconds, on, word, text);
}

}  // namespace coppice::command
