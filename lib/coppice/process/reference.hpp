#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace coppice {

/// A value that is unique in this program: names one monitor, one call. False when default-constructed.
class reference {
 public:
  constexpr reference() noexcept = default;
  constexpr explicit operator bool() const noexcept { return value_ != 0; }
  friend constexpr auto operator<=>(reference, reference) noexcept = default;

  constexpr std::uint64_t value() const noexcept { return value_; }
  static constexpr reference from_value(std::uint64_t value) noexcept {
    reference made;
    made.value_ = value;
    return made;
  }

  /// A fresh one. Never 0, never given before, below 2^56.
  [[gnu::noinline]] static reference make() noexcept;  // `noinline`: see scheduling/this_thread.hpp

 private:
  std::uint64_t value_ = 0;
};

}  // namespace coppice

template <>
struct std::hash<coppice::reference> {
  std::size_t operator()(coppice::reference of) const noexcept {
    std::uint64_t mixed = of.value() * 0x9E3779B97F4A7C15U;
    return static_cast<std::size_t>(mixed ^ (mixed >> 32U));
  }
};
