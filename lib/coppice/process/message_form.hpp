#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include <coppice/process/type_name.hpp>
#include <coppice/process/value_form.hpp>

namespace coppice {

/// How the form of a type looks from outside, so that text can put it behind the type's name.
enum class message_shape {
  value,      ///< Not a struct: `int 42`, `std::string "hello"`.
  nothing,    ///< A struct without fields: `view{}`.
  one_field,  ///< Its form is that of its field: `add{20}`.
  positions,  ///< Its form is an array: `move{3, 4}`.
  names,      ///< Its form is an object: `transfer{amount: 20, to: "bob"}`.
  opaque,     ///< It has no form, only its name.
};

/// One type of message: its name, and what can be done with a value of it whose type is no longer known.
///
/// The list of handlers of a server gives one for each message it takes, and there JSON names are looked up.
///
/// Threads: safe to share, never changes. Lives as long as the library that made it stays loaded.
struct message_form {
  std::string_view name;       ///< `add`
  std::string_view full_name;  ///< `shop::add`
  /// The very type. Names can be shared by types of different files, and one type has a form in each library that was
  /// loaded without sharing its symbols: compare with `is_same_message`.
  std::type_info const* type;
  bool has_form;
  message_shape shape;
  std::size_t size;       ///< Bytes.
  std::size_t alignment;  ///< Bytes.

  /// Describes a value. Never null; a type without a form is written as `opaque`.
  void (*write)(value_writer& to, void const* value);
  /// Makes a value in `storage` (of `size` and `alignment`) from what is read and returns true; or returns false, with
  /// every fault recorded and nothing made. Null for a type without a form or without a default constructor.
  bool (*read)(value_reader& from, void* storage);
  void (*destroy)(void* value) noexcept;
  /// Makes a value at `to` out of the one at `from`, which stays to be destroyed. Null for a type that cannot be moved.
  void (*move_construct)(void* to, void* from);
};

/// Whether two forms are of one type, also when each was made in a library of its own.
inline bool is_same_message(message_form const& a, message_form const& b) {
  return &a == &b || *a.type == *b.type;
}

namespace detail {

template <class T>
constexpr message_shape shape_of() {
  if constexpr (!has_form<T>) {
    return message_shape::opaque;
  } else if constexpr (rule_of<T>() == form_rule::described) {
    return may_be_null<T>() ? message_shape::nothing : message_shape::names;
  } else if constexpr (rule_of<T>() == form_rule::aggregate) {
    constexpr int count = field_types<T>::size;
    return count == 0 ? message_shape::nothing : count == 1 ? message_shape::one_field : message_shape::positions;
  } else {
    return message_shape::value;
  }
}

template <class T>
void write_message(value_writer& to, [[maybe_unused]] void const* value) {
  if constexpr (has_form<T>)
    write_value(to, *static_cast<T const*>(value));
  else
    to.opaque(type_name<T>());
}

template <class T>
bool read_message(value_reader& from, void* storage) {
  // Made outside and moved in, so that nothing is left in the storage if a fault or an exception comes in between.
  T made{};
  if (!read_value(from, made)) return false;
  ::new (storage) T(std::move(made));
  return true;
}

template <class T>
void destroy_message(void* value) noexcept {
  std::destroy_at(static_cast<T*>(value));
}

template <class T>
void move_message(void* to, void* from) {
  ::new (to) T(std::move(*static_cast<T*>(from)));
}

template <class T>
constexpr message_form make_message_form() {
  message_form form{short_type_name<T>(), type_name<T>(),   &typeid(T), has_form<T>,        shape_of<T>(), sizeof(T),
                    alignof(T),           write_message<T>, nullptr,    destroy_message<T>, nullptr};
  if constexpr (has_form<T> && std::default_initializable<T> && std::move_constructible<T>) form.read = read_message<T>;
  if constexpr (std::move_constructible<T>) form.move_construct = move_message<T>;
  return form;
}

template <class T>
inline constexpr message_form form_object = make_message_form<T>();

}  // namespace detail

/// The form of a type: one object a type, made by the compiler.
template <class T>
message_form const& message_form_of() {
  return detail::form_object<std::remove_cv_t<T>>;
}

/// A value for people: `add{20}`, `transfer{amount: 20, to: "bob"}`, `std::string "hello"`, `view{}`; what is inside
/// looks like JSON. Of a type without a form only the name, in full: `shop::session`.
/// One line, whatever is in the strings of the value.
std::string to_text(message_form const& form, void const* value);

template <class T>
std::string to_text(T const& value) {
  return to_text(message_form_of<T>(), &value);
}

/// Which message of a list a `{"add": 20}` names; what stands under the key is `place.find(key)`, for its `read`.
struct named_message {
  message_form const* form;
  std::string_view key;  ///< As written: the short name, or the full one.
};

/// Reads which message is here: an object with one key, the name of a message in `known`. A short name that two of them
/// share is not enough; the full name is. Null form after a fault was recorded: not an object with one key, no
/// such message ("did you mean"), a name of two, or a message that cannot be read.
named_message read_message_name(value_reader& from, std::span<message_form const* const> known);

}  // namespace coppice
