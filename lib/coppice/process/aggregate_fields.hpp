#pragma once

#include <string_view>
#include <type_traits>
#include <utility>

#include <coppice/process/type_name.hpp>

// The fields of a plain aggregate: how many, of what types, and references to them.
//
// Why not Boost.PFR: 1.81 does not ask first. A type with a base class, an array, a bit field or an anonymous union
// stops the build inside PFR, and a message must always compile, with a form or without. The checks that keep such
// types away from it have to count and bind the fields themselves, so nothing would be left for PFR to do. Measured
// with g++ 12, the headers cost a translation unit the same; each struct costs it 6 to 10 ms with PFR, and 1 to 4 ms
// here.

namespace coppice::detail {

/// A plain aggregate with more fields than this has its name only; Boost.Describe knows no such limit.
inline constexpr int most_aggregate_fields = 24;
inline constexpr int not_plain = -1;

template <class... T>
struct type_list {
  static constexpr int size = sizeof...(T);
};

// Probes stand where the initialiser of a field stands, to learn of what kind the field is. None is ever made.

/// Turns into base classes of T.
template <class T>
struct base_probe {
  template <class U>
    requires(std::is_base_of_v<U, T> && !std::is_same_v<U, T>)
  operator U&&() const;
};

struct no_base {
  template <class T>
  no_base(base_probe<T>);
};
template <class T>
struct begins_with {
  static void one_of(no_base);
  static void one_of(T);
};

/// A call that is ambiguous if a T can begin with a base class. Plain `T{base_probe<T>()}` would miss a base whose
/// destructor is protected; overload resolution looks at no access.
template <class T>
concept has_base = !requires {
  begins_with<T>::one_of({base_probe<T>()});
};

/// A class written without a name: the type of an anonymous struct (a GNU extension) can be told by nothing else.
template <class T>
constexpr bool is_nameless() {
  constexpr std::string_view name = raw_type_name<T>();
  return name.find("<unnamed ") != name.npos || name.find("(anonymous struct") != name.npos ||
         name.find("(unnamed ") != name.npos;
}

/// Turns into what may be an anonymous member, whose own members no structured binding can name: unions and classes
/// without a name.
struct anonymous_probe {
  template <class U>
    requires(std::is_union_v<U> || (std::is_class_v<U> && is_nameless<U>()))
  operator U() const;
};

/// Turn into anything: they find fields that `{}` cannot make (references, classes without a default constructor).
struct value_probe {
  template <class U>
  operator U() const;
};
struct lvalue_probe {
  template <class U>
  operator U&() const;
};

/// What is known once a field can be neither anonymous nor made by `{}`: the list has ended there, or it goes on with
/// something that this file cannot count.
constexpr int end_of_fields(int count, bool goes_on) {
  return goes_on ? not_plain : count;
}

// Empty braces count members where values would count the elements of an array in their place. A pack cannot stand for
// them, so each length is written out; the same goes for the names of a structured binding below.
template <class T>
constexpr int count_fields() {
#define COPPICE_FIELD(count, ...)                                                                          \
  if constexpr (requires { T{__VA_ARGS__ anonymous_probe()}; }) {                                          \
    return not_plain;                                                                                      \
  } else if constexpr (!requires { T{__VA_ARGS__{}}; }) {                                                  \
    return end_of_fields(                                                                                  \
        count, requires { T{__VA_ARGS__ value_probe()}; } || requires { T{__VA_ARGS__ lvalue_probe()}; }); \
  }
  // clang-format off
  COPPICE_FIELD(0,)
  else COPPICE_FIELD(1, {}, )
  else COPPICE_FIELD(2, {}, {}, )
  else COPPICE_FIELD(3, {}, {}, {}, )
  else COPPICE_FIELD(4, {}, {}, {}, {}, )
  else COPPICE_FIELD(5, {}, {}, {}, {}, {}, )
  else COPPICE_FIELD(6, {}, {}, {}, {}, {}, {}, )
  else COPPICE_FIELD(7, {}, {}, {}, {}, {}, {}, {}, )
  else COPPICE_FIELD(8, {}, {}, {}, {}, {}, {}, {}, {}, )
  else COPPICE_FIELD(9, {}, {}, {}, {}, {}, {}, {}, {}, {}, )
  else COPPICE_FIELD(10, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, )
  else COPPICE_FIELD(11, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, )
  else COPPICE_FIELD(12, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, )
  else COPPICE_FIELD(13, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, )
  else COPPICE_FIELD(14, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, )
  else COPPICE_FIELD(15, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, )
  else COPPICE_FIELD(16, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, )
  else COPPICE_FIELD(17, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, )
  else COPPICE_FIELD(18, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, )
  else COPPICE_FIELD(19, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, )
  else COPPICE_FIELD(20, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, )
  else COPPICE_FIELD(21, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, )
  else COPPICE_FIELD(22, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, )
  else COPPICE_FIELD(23, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, )
  else COPPICE_FIELD(24, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, )
      // clang-format on
      else return not_plain;
#undef COPPICE_FIELD
}

/// How many fields T has if it is an aggregate whose fields can be bound one by one; `not_plain` otherwise.
template <class T>
constexpr int plain_field_count() {
  if constexpr (!std::is_class_v<T> || !std::is_aggregate_v<T> || !std::is_move_constructible_v<T>) {
    return not_plain;
  } else if constexpr (!requires { T{}; } || has_base<T>) {
    return not_plain;
  } else {
    return count_fields<T>();
  }
}

/// Calls `use` with a reference to each field of a value of `count` fields and returns what it returns. Returns nothing
/// where `use` cannot be called with them, which is so for bit fields: no reference can be bound to one.
template <int count, class T, class Use>
constexpr auto with_fields(T& value, Use&& use) {
#if defined(__clang__) && __clang_major__ < 16
  // This clang takes no structured binding in a requires-expression: there a bit field stops the build after all.
#define COPPICE_CALLABLE(...) true
#else
#define COPPICE_CALLABLE(...) \
  requires {                  \
    use(__VA_ARGS__);         \
  }
#endif
#define COPPICE_FIELDS(number, ...)                                       \
  if constexpr (count == number) {                                        \
    auto& [__VA_ARGS__] = value;                                          \
    if constexpr (COPPICE_CALLABLE(__VA_ARGS__)) return use(__VA_ARGS__); \
  }
  static_assert(count > 0 && count <= most_aggregate_fields);
  // clang-format off
  COPPICE_FIELDS(1, a)
  else COPPICE_FIELDS(2, a, b)
  else COPPICE_FIELDS(3, a, b, c)
  else COPPICE_FIELDS(4, a, b, c, d)
  else COPPICE_FIELDS(5, a, b, c, d, e)
  else COPPICE_FIELDS(6, a, b, c, d, e, f)
  else COPPICE_FIELDS(7, a, b, c, d, e, f, g)
  else COPPICE_FIELDS(8, a, b, c, d, e, f, g, h)
  else COPPICE_FIELDS(9, a, b, c, d, e, f, g, h, i)
  else COPPICE_FIELDS(10, a, b, c, d, e, f, g, h, i, j)
  else COPPICE_FIELDS(11, a, b, c, d, e, f, g, h, i, j, k)
  else COPPICE_FIELDS(12, a, b, c, d, e, f, g, h, i, j, k, l)
  else COPPICE_FIELDS(13, a, b, c, d, e, f, g, h, i, j, k, l, m)
  else COPPICE_FIELDS(14, a, b, c, d, e, f, g, h, i, j, k, l, m, n)
  else COPPICE_FIELDS(15, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o)
  else COPPICE_FIELDS(16, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)
  else COPPICE_FIELDS(17, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q)
  else COPPICE_FIELDS(18, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r)
  else COPPICE_FIELDS(19, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s)
  else COPPICE_FIELDS(20, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t)
  else COPPICE_FIELDS(21, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u)
  else COPPICE_FIELDS(22, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v)
  else COPPICE_FIELDS(23, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w)
  else COPPICE_FIELDS(24, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x)
  // clang-format on
#undef COPPICE_FIELDS
#undef COPPICE_CALLABLE
}

struct name_field_types {
  template <class... Field>
  type_list<Field...> operator()(Field&...) const {
    return {};
  }
};

template <class T>
constexpr auto find_field_types() {
  constexpr int count = plain_field_count<T>();
  if constexpr (count == 0) {
    return static_cast<type_list<>*>(nullptr);
  } else if constexpr (count > 0) {
    using types = decltype(with_fields<count>(std::declval<T&>(), name_field_types()));
    if constexpr (!std::is_void_v<types>) return static_cast<types*>(nullptr);
  }
}

/// `type_list<...>` of the fields' types (with their const); void for all that is no plain aggregate.
template <class T>
using field_types = std::remove_pointer_t<decltype(find_field_types<T>())>;

}  // namespace coppice::detail
