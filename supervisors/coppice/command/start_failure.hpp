#pragma once

#include <string>
#include <string_view>

#include <coppice/process/exit_reason.hpp>

namespace coppice::command {

/// Why the start of the supervisor at `path` failed, for people: `root/pool/a: badarith` for
/// `{shutdown,{failed_to_start_child,pool,{shutdown,{failed_to_start_child,a,badarith}}}}`.
std::string start_failure_text(std::string_view path, const exit_reason& reason);

}  // namespace coppice::command
