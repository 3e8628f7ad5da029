#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <coppice/process/envelope.hpp>

namespace coppice {

/// A message of whatever type: what the catch-all clause of `receive` and `handle_info` of a server take.
///
///     receive([](add a) { ... },
///             [](message other) { std::cout << "Invalid message: " << other.text() << '\n'; });
class message {
 public:
  message(message&& other) noexcept : envelope_{std::exchange(other.envelope_, nullptr)} {}
  message& operator=(message&& other) noexcept {
    std::swap(envelope_, other.envelope_);
    return *this;
  }
  ~message() {
    if (envelope_ != nullptr) detail::discard(envelope_);
  }

  /// The name of its type: `shop::add`.
  std::string_view type() const noexcept { return envelope_->type->name; }

  /// Its type and, where that can be told, its value: `add{20}`. `(moved away)` when another one has it now.
  std::string text() const;

  template <class T>
  bool is() const noexcept {
    return *envelope_->type == detail::message_type_of<T>;
  }

  /// Its value, if it is a T; else null.
  template <class T>
  T* get_if() noexcept {
    return is<T>() ? &envelope_->as<T>() : nullptr;
  }

  /// Takes over an envelope.
  explicit message(detail::envelope* owned) noexcept : envelope_{owned} {}

 private:
  detail::envelope* envelope_;
};

}  // namespace coppice
