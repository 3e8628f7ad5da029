#pragma once

#include <cstdint>
#include <string_view>

namespace coppice {

/// Whether a child that ended by itself is started again (S96). The field `restart` of a child spec.
enum class restart_type : std::uint8_t {
  permanent,  ///< Always.
  transient,  ///< Unless its exit reason was `normal`, `shutdown` or `{shutdown,_}`.
  temporary,  ///< Never; its spec goes with it.
};

constexpr std::string_view to_string(restart_type value) noexcept {
  switch (value) {
    case restart_type::permanent: return "permanent";
    case restart_type::transient: return "transient";
    case restart_type::temporary: return "temporary";
  }
  return "";
}

}  // namespace coppice
