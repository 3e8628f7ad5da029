#pragma once

#include <unistd.h>

namespace coppice::detail {

/// Owns the descriptor of an open file; negative: of none.
class descriptor {
 public:
  explicit descriptor(int number) noexcept : number_{number} {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }

  int number() const noexcept { return number_; }

 private:
  int number_;
};

}  // namespace coppice::detail
