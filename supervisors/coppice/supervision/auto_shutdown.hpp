#pragma once

#include <cstdint>
#include <string_view>

namespace coppice {

/// Whether a supervisor ends itself when its significant children have ended by themselves (S112 to S115).
enum class auto_shutdown : std::uint8_t {
  never,            ///< It does not.
  any_significant,  ///< When the first of them has ended.
  all_significant,  ///< When no significant child is left running.
};

constexpr std::string_view to_string(auto_shutdown value) noexcept {
  switch (value) {
    case auto_shutdown::never: return "never";
    case auto_shutdown::any_significant: return "any_significant";
    case auto_shutdown::all_significant: return "all_significant";
  }
  return "";
}

}  // namespace coppice
