#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace coppice::detail {

/// Whether a tree file may use it as an id or a registered name: `[a-z][a-z0-9_]*`, at most 255 characters.
bool is_identifier(std::string_view text);

/// Whether a path may have it between its slashes: an identifier, or that of a replica (`calc-12`).
bool is_path_element(std::string_view text);

/// The identifier that somebody meant who wrote `Web Shop` or `web-shop`; empty if nothing of it can be kept.
std::optional<std::string> nearest_identifier(std::string_view text);

}  // namespace coppice::detail
