#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <coppice/command/command_options.hpp>
#include <coppice/command/exit_status.hpp>

namespace coppice::command {

/// `coppice run TREE --simulate --check-determinism`: simulates in two programs of its own, one after the other, so
/// that not even addresses are the same, and compares the traces. The status of the runs if they agree, `failed` if
/// not.
exit_status check_determinism(const run_options& options);

/// Where two traces differ first, for people, with both lines; nothing when they are equal, byte for byte.
std::optional<std::string> first_difference(std::string_view one, std::string_view other);

}  // namespace coppice::command
