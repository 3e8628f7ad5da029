#include <exception>
#include <mutex>

#include <fmt/format.h>

#include <coppice/process/control_block.hpp>
#include <coppice/process/log.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/stall_reporter.hpp>

namespace coppice {

std::string to_string(const stall& told) {
  return fmt::format("has been {}{} for {} ms without a wait", told.message.empty() ? "running" : "handling ",
                     told.message, told.time.count());
}

namespace detail {

namespace {

// Calls `look` with the control block of whoever lies there now, if he lives: he may have followed the one who was
// seen.
template <class Look>
void with_process_at(const scheduling::runnable* place, Look look) {
  const pid there = control_block::who_is_at(place);
  auto& table = process_table::instance();
  const std::lock_guard hold{table.guard_of(there)};
  if (table.is_living(there)) look(table.slot(there).process());
}

}  // namespace

stall_reporter::stall_reporter(std::function<void(const stall&)> told, std::chrono::milliseconds limit,
                               unsigned threads)
    : told_{std::move(told)}, watches_(threads, scheduling::stall_watch{limit}) {}

void stall_reporter::look(const scheduling::runtime& engine) noexcept {
  try {
    for (unsigned i = 0; i < watches_.size(); ++i) {
      scheduling::glimpse seen = engine.look_at(i);
      if (seen.running != nullptr) {
        with_process_at(seen.running, [&seen](const control_block& process) { seen.step = process.reductions(); });
      }
      if (const auto time = watches_[i].look(seen, engine.now())) tell(seen.running, *time);
    }
  } catch (const std::exception& failed) {
    report(log_level::error, pid{}, std::string{"a stall could not be told of: "} + failed.what());
  } catch (...) {
    report(log_level::error, pid{}, "a stall could not be told of");
  }
}

void stall_reporter::tell(const scheduling::runnable* running, std::chrono::nanoseconds time) {
  stall found;
  with_process_at(running, [&found](const control_block& process) {
    found.process = process.self();
    found.initial_call = process.initial_call();
    if (const message_type* const type = process.current_message()) found.message = type->name;
  });
  if (!found.process) return;
  found.name = name_of(found.process);
  found.time = std::chrono::floor<std::chrono::milliseconds>(time);
  told_(found);
}

}  // namespace detail
}  // namespace coppice
