#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <coppice/tree/located_json.hpp>

namespace coppice {

class fault_list;

/// How deep arrays and objects may be nested in a file: 128 supervisors within each other.
inline constexpr std::size_t max_json_depth = 256;

/// Reads a text as one JSON value.
///
/// Empty, with a fault that shows line, column and the line itself, if the text is empty, no UTF-8, no JSON, nested
/// deeper than `max_json_depth`, or has a number beyond the range of double. A key that stands twice in an object is a
/// fault too, but reading goes on with the first. A byte order mark at the beginning is skipped.
/// `example` says what was expected in an empty text: `a tree, such as {"id": "root", "children": []}`.
std::optional<located_json> read_json(std::string_view text, std::string_view example, fault_list& faults);

}  // namespace coppice
