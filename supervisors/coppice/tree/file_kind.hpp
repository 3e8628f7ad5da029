#pragma once

#include <string_view>

#include <sys/stat.h>

namespace coppice::detail {

/// What a file of that mode is, when it is no regular one: `a directory`. Empty when it is one.
std::string_view special_kind(mode_t mode) noexcept;

}  // namespace coppice::detail
