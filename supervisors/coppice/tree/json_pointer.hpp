#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace coppice::detail {

/// The JSON pointer (RFC 6901) of the member `key` of what stands at `parent`.
std::string pointer_to(std::string_view parent, std::string_view key);

/// The JSON pointer of the element `index`, from 0.
std::string pointer_to(std::string_view parent, std::size_t index);

/// A JSON pointer as a message names it: `/children/1`, and "the root" for the empty one.
std::string pointer_name(std::string_view pointer);

}  // namespace coppice::detail
