#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <coppice/process/exit_reason.hpp>
#include <coppice/process/pid.hpp>

namespace coppice {

enum class log_level : std::uint8_t { debug, info, warning, error };

/// Something that happened in a process and that people may want to read: data first, text second.
struct log_record {
  log_level level = log_level::info;
  pid process;       ///< Whom it is about; false when nobody.
  std::string name;  ///< Its registered name; empty when it has none.
  std::string text;  ///< One or more lines, without the process and its name.
};

/// Where reports go. The handler may be called on any thread, by several at once, and must not wait or throw.
/// An empty one restores the default: standard error. Returns the one before.
std::function<void(const log_record&)> set_log_handler(std::function<void(const log_record&)> handler);

/// Reports below that level go nowhere, and their text is not made up; nothing: all of them. At first none is below.
void set_log_level(std::optional<log_level> least);

/// Whether a report of that level goes anywhere: whoever has to make up a long text can ask before.
bool is_logged(log_level level) noexcept;

/// Writes a report of the calling program's own.
void report(log_level level, pid process, std::string text) noexcept;

/// The report that OTP calls a crash report: of a process that an error or an exception ended.
/// `text` comes in place of the usual first line.
void report_crash(pid process, std::string_view initial_call, const exit_reason& reason,
                  std::string text = {}) noexcept;

}  // namespace coppice
