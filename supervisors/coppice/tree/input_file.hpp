#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace coppice {

class fault_list;

/// The largest file that is read: 16 MiB, room for a tree of more than 100,000 children written out one by one.
inline constexpr std::size_t max_input_bytes = std::size_t{16} * 1024 * 1024;

/// The bytes of a regular file, or of standard input for the path `-`.
///
/// Empty, with a fault that says why, for what is missing, is no regular file, may not be read, or is larger than
/// `max_input_bytes`. Never waits for a fifo or a device; `-` waits for standard input to end.
std::optional<std::string> read_input(std::string const& path, fault_list& faults);

}  // namespace coppice
