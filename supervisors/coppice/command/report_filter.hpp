#pragma once

#include <string>

#include <coppice/process/log.hpp>

namespace coppice::command {

/// Whether a report of the library tells only what the events of the tree tell too: the crash of a child, and what its
/// supervisor says about it. Called where the report is made.
bool is_told_by_events(const log_record& record);

/// The report as lines for standard error: `coppice: warning: store <0.9.1>: Invalid message: ...`.
std::string report_text(const log_record& record);

}  // namespace coppice::command
