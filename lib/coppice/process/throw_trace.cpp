#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <typeinfo>

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <fmt/format.h>

#include <coppice/process/control_block.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/throw_trace.hpp>
#include <coppice/scheduling/runtime.hpp>

namespace coppice {

namespace {

constexpr int deepest = 32;

struct last_throw {
  const void* object = nullptr;
  int depth = 0;
  std::array<void*, deepest> addresses{};
};

thread_local last_throw latest;
std::atomic<bool> recording{true};

// What the library throws to get out of somewhere: no exit reason shows where that was, and the walk up the stack would
// cost several times what the throw does.
bool steers(const std::type_info& type) noexcept {
  return type == typeid(detail::unwinding) || type == typeid(exit_exception);
}

}  // namespace

void record_throw_traces(bool on) noexcept {
  recording.store(on, std::memory_order_relaxed);
}

namespace detail {

void note_throw(const void* object, const std::type_info& type) noexcept {
  // Only what a process throws can become an exit reason.
  if (!recording.load(std::memory_order_relaxed) || scheduling::runtime::running() == nullptr) return;
  if (steers(type)) return;
  latest.object = object;
  latest.depth = ::backtrace(latest.addresses.data(), deepest);
}

std::vector<void*> take_throw_trace(const void* caught) {
  // The caught base may lie inside the thrown object: near it is near enough, another throw lies elsewhere.
  constexpr std::uintptr_t largest_object = 4096;
  const auto object = reinterpret_cast<std::uintptr_t>(latest.object);
  const auto address = reinterpret_cast<std::uintptr_t>(caught);
  if (latest.depth == 0 || (caught != nullptr && (address < object || address - object > largest_object))) return {};
  // The first two are the recorder and what stands in for __cxa_throw.
  constexpr int own_frames = 2;
  const int first = latest.depth > own_frames ? own_frames : 0;
  // In braces the two iterators would be taken for two addresses.
  std::vector<void*> taken(latest.addresses.begin() + first, latest.addresses.begin() + latest.depth);
  latest.depth = 0;
  return taken;
}

std::string describe_address(void* address) {
  Dl_info found{};
  if (::dladdr(address, &found) == 0) return fmt::format("{}", address);
  const char* file = found.dli_fname != nullptr ? found.dli_fname : "?";
  if (found.dli_sname == nullptr) {
    const auto offset = reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(found.dli_fbase);
    return fmt::format("{}+{:#x}", file, offset);
  }
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name{
      abi::__cxa_demangle(found.dli_sname, nullptr, nullptr, &status), &std::free};
  const auto offset = reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(found.dli_saddr);
  return fmt::format("{}+{:#x} ({})", name != nullptr ? name.get() : found.dli_sname, offset, file);
}

}  // namespace detail
}  // namespace coppice
