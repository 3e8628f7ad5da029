#pragma once

#include <string_view>

namespace coppice::command {

/// Says on standard error what is wrong: `coppice: TEXT` and a line feed, in one write. Threads: any.
void complain(std::string_view text) noexcept;

/// Writes lines on standard error that say themselves whom they are about: `tree.json:/children/0: ...`.
void complain_lines(std::string_view lines) noexcept;

}  // namespace coppice::command
