#include <string_view>

#include <fmt/format.h>

#include <coppice/command/report_filter.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/process/type_name.hpp>
#include <coppice/supervision/supervisor_server.hpp>

namespace coppice::command {

namespace {

bool is_supervisor(pid process) {
  const auto found = process_info(process, info::initial_call);
  return found && found->initial_call == type_name<detail::supervisor_server>();
}

bool is_crash(std::string_view text) {
  return text.starts_with("server terminating: ") || text.starts_with("crashed: ");
}

}  // namespace

bool is_told_by_events(const log_record& record) {
  if (!record.process) return false;
  if (record.level != log_level::warning && is_supervisor(record.process)) return true;
  if (record.level != log_level::error || !is_crash(record.text)) return false;
  const auto found = process_info(record.process, info::parent);
  return found && found->parent && is_supervisor(found->parent);
}

std::string report_text(const log_record& record) {
  constexpr std::string_view levels[] = {"debug", "info", "warning", "error"};
  std::string who;
  if (record.process)
    who = fmt::format("{}{}{}: ", record.name, record.name.empty() ? "" : " ", to_string(record.process));
  return fmt::format("coppice: {}: {}{}\n", levels[static_cast<std::size_t>(record.level)], who, record.text);
}

}  // namespace coppice::command
