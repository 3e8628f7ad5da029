#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace coppice::detail {

// What somebody meant who wrote an amount with its unit, where the file wants a bare number. Empty for what is no such
// amount, and for what is beyond `most`.

/// `5s`, `1.5 min`: milliseconds, without a fraction.
std::optional<std::uint64_t> milliseconds_meant(std::string_view text, std::uint64_t most);

/// `250us`, `5s`, `1.5 min`.
std::optional<std::chrono::nanoseconds> time_meant(std::string_view text, std::chrono::nanoseconds most);

/// `64 KiB`: bytes.
std::optional<std::uint64_t> bytes_meant(std::string_view text, std::uint64_t most);

}  // namespace coppice::detail
