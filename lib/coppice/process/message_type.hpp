#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <coppice/process/envelope_room.hpp>
#include <coppice/process/message_form.hpp>
#include <coppice/process/type_name.hpp>

namespace coppice {

namespace detail {

/// The messages that a server's process sees to itself, before the server does: OTP's system messages.
enum class system_message : std::uint8_t { none, exit_signal, stop_request, act_request, idle_timeout };

/// Specialised where the type is.
template <class T>
inline constexpr system_message system_message_of = system_message::none;

/// What the process layer knows of the type of a message.
struct message_type {
  std::string_view name;  // "shop::add"
  std::uint64_t hash;     // of the name; 0: the name is not unique in the program, only this object's address counts
  std::uint32_t size;
  std::uint32_t alignment;
  system_message system;
  envelope_room room;                     // of its envelopes
  envelope_room plain_room;               // the same, but `alone` also where there is something to destroy
  void (*destroy)(void* value) noexcept;  // null: there is nothing to do
  const message_form& (*form)();

  /// Libraries that are loaded may each have their own object for one type: then the name decides.
  friend bool operator==(const message_type& left, const message_type& right) noexcept {
    return &left == &right || (left.hash == right.hash && left.hash != 0 && left.name == right.name);
  }
};

// Types of an unnamed namespace have names that another file may use for another type.
constexpr bool is_unique_name(std::string_view raw) noexcept {
  return raw.find("unnamed>") == std::string_view::npos && raw.find("anonymous") == std::string_view::npos &&
         raw.find('(') == std::string_view::npos && raw.find("lambda") == std::string_view::npos;
}

template <class T>
constexpr auto destroyer_of() noexcept -> void (*)(void*) noexcept {
  if constexpr (std::is_trivially_destructible_v<T>)
    return nullptr;
  else
    return [](void* value) noexcept { std::destroy_at(static_cast<T*>(value)); };
}

template <class T>
inline constexpr message_type message_type_of{
    type_name<T>(),
    is_unique_name(raw_type_name<T>()) ? type_hash(raw_type_name<T>()) : 0,
    sizeof(T),
    alignof(T),
    system_message_of<T>,
    envelope_room_for(sizeof(T), alignof(T)),
    std::is_trivially_destructible_v<T> ? envelope_room_for(sizeof(T), alignof(T)) : envelope_room::alone,
    destroyer_of<T>(),
    []() { return &message_form_of<T>; }(),
};

/// A message that is sent as `const char*` or an array of them arrives as a std::string.
template <class T>
using message_value =
    std::conditional_t<std::is_convertible_v<T, const char*> && !std::is_null_pointer_v<std::decay_t<T>>, std::string,
                       std::decay_t<T>>;

}  // namespace detail
}  // namespace coppice
