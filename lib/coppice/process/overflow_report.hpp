#pragma once

#include <cstddef>

#include <coppice/scheduling/runnable.hpp>

namespace coppice::detail {

/// Says on standard error whose stack has overflowed and how large it is. Async-signal-safe: it allocates nothing,
/// waits for nothing, and does without the name if somebody is about to change the names.
void report_overflow(const scheduling::runnable* who, std::size_t stack_bytes) noexcept;

}  // namespace coppice::detail
