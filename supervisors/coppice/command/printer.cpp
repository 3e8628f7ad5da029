#include <utility>

#include <coppice/command/complaint.hpp>
#include <coppice/command/printer.hpp>
#include <coppice/telemetry/trace_line.hpp>

namespace coppice::command {

namespace {

// Events come in bursts (a supervisor with its hundred children): what comes so soon after the first is written, and
// folded, together with it. Nobody sees the difference, and nothing depends on it.
constexpr std::chrono::milliseconds burst{10};

}  // namespace

printer::printer(places to, tree_display display, std::function<void()> on_fault)
    : to_{to}, display_{std::move(display)}, on_fault_{std::move(on_fault)}, thread_{[this] { work(); }} {}

printer::~printer() {
  finish();
}

void printer::event(const tree_event& happened) {
  add(happened);
}

void printer::line(std::chrono::nanoseconds time, std::string word, std::string text) {
  add(own_line{time, std::move(word), std::move(text)});
}

void printer::complaint(std::string lines) {
  add(error_lines{std::move(lines)});
}

void printer::trace(std::string line) {
  add(trace_text{std::move(line)});
}

void printer::add(item next) {
  bool was_empty = false;
  {
    const std::lock_guard hold{lock_};
    was_empty = waiting_.empty();
    waiting_.push_back(std::move(next));
  }
  if (was_empty) changed_.notify_one();
}

bool printer::finish() noexcept {
  if (thread_.joinable()) {
    {
      const std::lock_guard hold{lock_};
      finishing_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  return !to_.screen.is_broken() && (to_.trace == nullptr || !to_.trace->is_broken());
}

void printer::work() {
  std::vector<item> batch;
  for (;;) {
    {
      std::unique_lock hold{lock_};
      changed_.wait(hold, [this] { return finishing_ || !waiting_.empty(); });
      changed_.wait_for(hold, burst, [this] { return finishing_; });
      batch.swap(waiting_);
      if (batch.empty() && finishing_) return;
    }
    write(batch);
    batch.clear();
  }
}

void printer::write(const std::vector<item>& batch) {
  std::vector<tree_event> events;
  std::string traced;
  const auto show_events = [&] {
    if (!events.empty()) show(display_.lines(events));
    events.clear();
  };
  for (const auto& each : batch) {
    if (const auto* event = std::get_if<tree_event>(&each)) {
      if (to_.trace != nullptr) traced += detail::trace_line(*event) + '\n';
      events.push_back(*event);
      continue;
    }
    show_events();
    if (const auto* own = std::get_if<own_line>(&each)) {
      show(display_.line(own->time, own->word, own->text));
    } else if (const auto* error = std::get_if<error_lines>(&each)) {
      complain_lines(error->lines);
    } else {
      traced += std::get<trace_text>(each).line;
    }
  }
  show_events();
  if (to_.trace != nullptr && !traced.empty() && !to_.trace->write(traced)) check(*to_.trace);
}

void printer::show(std::string_view lines) {
  if (!lines.empty() && !to_.screen.write(lines)) check(to_.screen);
}

void printer::check(output& written) {
  if (std::exchange(has_told_, true)) return;
  complain(written.fault());
  on_fault_();
}

}  // namespace coppice::command
