#pragma once

#include <cstdint>
#include <string_view>

namespace coppice {

/// What a supervisor does with the siblings of a child that it restarts (S97 to S99).
enum class strategy : std::uint8_t {
  one_for_one,   ///< Restart the child alone.
  one_for_all,   ///< End all other children in reverse start order, then start all in start order.
  rest_for_one,  ///< The same for the child and those started after it.
};

constexpr std::string_view to_string(strategy value) noexcept {
  switch (value) {
    case strategy::one_for_one: return "one_for_one";
    case strategy::one_for_all: return "one_for_all";
    case strategy::rest_for_one: return "rest_for_one";
  }
  return "";
}

}  // namespace coppice
