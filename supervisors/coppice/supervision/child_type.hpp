#pragma once

#include <cstdint>
#include <string_view>

namespace coppice {

/// What a child is. It decides the default of `shutdown` and is counted apart by `count_children`.
enum class child_type : std::uint8_t { worker, supervisor };

constexpr std::string_view to_string(child_type value) noexcept {
  return value == child_type::worker ? "worker" : "supervisor";
}

}  // namespace coppice
