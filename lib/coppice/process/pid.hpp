#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iosfwd>
#include <string>

namespace coppice {

/// The address of a process: a plain value to copy, keep and print (`<0.42.0>`).
///
/// A pid is never reused, so an old one can never reach a stranger. Sending to a dead pid does nothing (S3);
/// linking to one delivers the exit signal `noproc` (S28). To learn of a death, monitor: the answer to any
/// "is it alive?" may be stale once you hold it.
///
/// Threads: safe to share. A default-constructed pid names no process and is false.
class pid {
 public:
  constexpr pid() noexcept = default;

  constexpr explicit operator bool() const noexcept { return value_ != 0; }
  friend constexpr auto operator<=>(pid, pid) noexcept = default;

  /// The 64 bits of it: the place in the process table in the low 24, the number of its use of that place above.
  constexpr std::uint64_t value() const noexcept { return value_; }
  static constexpr pid from_value(std::uint64_t value) noexcept {
    pid made;
    made.value_ = value;
    return made;
  }

 private:
  std::uint64_t value_ = 0;
};

/// `<0.SLOT.SERIAL>`: as Erlang prints a pid of this node.
std::string to_string(pid);
std::ostream& operator<<(std::ostream&, pid);

}  // namespace coppice

template <>
struct std::hash<coppice::pid> {
  std::size_t operator()(coppice::pid of) const noexcept {
    std::uint64_t mixed = of.value() * 0x9E3779B97F4A7C15U;
    return static_cast<std::size_t>(mixed ^ (mixed >> 32U));
  }
};
