#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <coppice/process/object_room.hpp>

namespace coppice {

/// A JSON value that remembers where in its text it stands.
///
/// nlohmann's own value forgets what messages to a person need: the place, the order of the keys, and how a number was
/// written. An object keeps its members in the order of the text; keys differ (the reader reports a second one).
///
/// A file may have millions of values, which are made one by one: so they come from the pools of objects.
struct located_json {
  struct member;
  struct text;
  struct array;
  struct object;

  /// A number that is no whole number of 64 bits: it has a fraction, an exponent, or too many digits.
  struct other_number : detail::pooled_object {
    other_number(double of, std::string written, bool is_whole)
        : value{of}, text{std::move(written)}, too_many_digits{is_whole} {}

    double value;
    std::string text;      ///< As it was written.
    bool too_many_digits;  ///< A whole number, but beyond 64 bits, so that `value` is not exact.
  };

  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, std::unique_ptr<other_number>, std::unique_ptr<text>,
               std::unique_ptr<array>, std::unique_ptr<object>>
      value;
  std::uint32_t offset = 0;  ///< The byte of the text at which it begins.

  /// The string, array or object that this is; null if it is something else.
  std::string const* if_string() const noexcept;
  array const* if_array() const noexcept;
  object const* if_object() const noexcept;

  /// The member of that key; null if this is no object or has none.
  located_json const* find(std::string_view key) const noexcept;

  /// What a message says was found: `the string "5s"`, `5.5`, `true`, `an array`.
  std::string described() const;
};

struct located_json::member {
  std::string key;
  std::uint32_t offset = 0;  ///< Where the key begins.
  located_json value;
};

struct located_json::text : detail::pooled_object, std::string {
  explicit text(std::string&& of) noexcept : std::string{std::move(of)} {}
};

struct located_json::array : detail::pooled_object, std::vector<located_json, detail::object_allocator<located_json>> {
  using vector::vector;
};

struct located_json::object : detail::pooled_object,
                              std::vector<located_json::member, detail::object_allocator<located_json::member>> {
  using vector::vector;
};

namespace detail {

/// Whether two keys are the same: a first letter mostly says that they are not.
inline bool is_same_key(std::string_view one, std::string_view other) noexcept {
  return one.size() == other.size() && (one.empty() || one.front() == other.front()) && one == other;
}

}  // namespace detail

/// The same value without the places. Numbers beyond 64 bits are rounded.
nlohmann::json to_json(located_json const& value);

}  // namespace coppice
