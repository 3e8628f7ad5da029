#pragma once

#include <string>
#include <vector>

namespace coppice {

/// Whether the stack of a throw inside a process is remembered, for its exit reason. At the edge of the process, where
/// the exception is caught, the stack is gone. Costs about a microsecond a throw; on unless switched off. Any thread.
void record_throw_traces(bool on) noexcept;

namespace detail {

/// The return addresses at the latest throw on this thread, if that threw the exception object which holds `caught`
/// (null: whatever was thrown last). Empty when traces are off.
[[gnu::noinline]] std::vector<void*> take_throw_trace(const void* caught);

/// "function+0x12 (file)" as far as the dynamic linker knows it.
std::string describe_address(void* address);

}  // namespace detail
}  // namespace coppice
