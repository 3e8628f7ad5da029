#pragma once

#include <cstdint>

namespace coppice {

/// A place in the source, as std::source_location, which clang 14 does not have. As a default argument,
/// `source_place::current()` is where the call stands.
class source_place {
 public:
  static constexpr source_place current(const char* file = __builtin_FILE(),
                                        std::uint_least32_t line = __builtin_LINE()) noexcept {
    return source_place{file, line};
  }

  constexpr source_place() noexcept = default;

  constexpr const char* file_name() const noexcept { return file_; }
  constexpr std::uint_least32_t line() const noexcept { return line_; }

 private:
  constexpr source_place(const char* file, std::uint_least32_t line) noexcept : file_{file}, line_{line} {}

  const char* file_ = "";
  std::uint_least32_t line_ = 0;
};

}  // namespace coppice
