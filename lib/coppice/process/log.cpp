#include <atomic>
#include <limits>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <coppice/process/log.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/throw_trace.hpp>

namespace coppice {

namespace {

struct handler_place {
  std::shared_mutex lock;
  std::function<void(const log_record&)> handler;
};

constinit std::atomic<unsigned> least_level{0};

handler_place& place() {
  // Never destroyed: a process may report something while the program ends.
  static auto* const made = new handler_place;
  return *made;
}

void write_to_standard_error(const log_record& record) {
  static const auto logger = [] {
    auto made = std::make_shared<spdlog::logger>("coppice", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_pattern("%^%l%$: %v");
    made->set_level(spdlog::level::debug);
    return made;
  }();
  constexpr spdlog::level::level_enum levels[] = {spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                                  spdlog::level::err};
  std::string who = record.process ? to_string(record.process) : std::string{};
  if (!record.name.empty()) who = record.name + " " + who;
  logger->log(levels[static_cast<std::size_t>(record.level)], "{}{}{}", who, who.empty() ? "" : ": ", record.text);
}

}  // namespace

std::function<void(const log_record&)> set_log_handler(std::function<void(const log_record&)> handler) {
  const std::unique_lock hold{place().lock};
  return std::exchange(place().handler, std::move(handler));
}

void set_log_level(std::optional<log_level> least) {
  least_level.store(least ? static_cast<unsigned>(*least) : std::numeric_limits<unsigned>::max(),
                    std::memory_order_relaxed);
}

bool is_logged(log_level level) noexcept {
  return static_cast<unsigned>(level) >= least_level.load(std::memory_order_relaxed);
}

void report(log_level level, pid process, std::string text) noexcept {
  if (!is_logged(level)) return;
  try {
    const log_record record{level, process, process ? detail::name_of(process) : std::string{}, std::move(text)};
    const std::shared_lock hold{place().lock};
    if (place().handler) {
      place().handler(record);
    } else {
      write_to_standard_error(record);
    }
  } catch (...) {
    // A report that cannot be written must not end the process that it is about.
    return;
  }
}

void report_crash(pid process, std::string_view initial_call, const exit_reason& reason, std::string text) noexcept {
  if (!is_logged(log_level::error)) return;
  try {
    if (text.empty()) text = "crashed: " + reason.to_string();
    if (!initial_call.empty()) text += fmt::format(" (in {})", initial_call);
    if (const auto* thrown = reason.thrown()) {
      for (void* const address : thrown->trace) text += "\n    at " + detail::describe_address(address);
    }
    report(log_level::error, process, std::move(text));
  } catch (...) {
    return;
  }
}

}  // namespace coppice
