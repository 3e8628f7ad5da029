#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace coppice {

/// A JSON value that remembers where in its text it stands.
///
/// nlohmann's own value forgets what messages to a person need: the place, the order of the keys, and how a number was
/// written. An object keeps its members in the order of the text; keys differ (the reader reports a second one).
struct located_json {
  struct member;
  using array = std::vector<located_json>;
  using object = std::vector<member>;

  /// A number that is no whole number of 64 bits: it has a fraction, an exponent, or too many digits.
  struct other_number {
    double value;
    std::string text;      ///< As it was written.
    bool too_many_digits;  ///< A whole number, but beyond 64 bits, so that `value` is not exact.
  };

  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, std::unique_ptr<other_number>,
               std::unique_ptr<std::string>, std::unique_ptr<array>, std::unique_ptr<object>>
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

/// The same value without the places. Numbers beyond 64 bits are rounded.
nlohmann::json to_json(located_json const& value);

}  // namespace coppice
