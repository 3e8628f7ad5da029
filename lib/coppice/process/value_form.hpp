#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>

#include <coppice/process/aggregate_fields.hpp>
#include <coppice/process/type_name.hpp>

/// \file
/// How a C++ value is told to somebody who knows nothing of its type, and made again from what they tell.
///
/// | the value | its form |
/// |---|---|
/// | bool | true or false |
/// | integers, characters | a whole number; reading checks the range |
/// | floating point | a number; what JSON lacks is the string `nan`, `inf` or `-inf` |
/// | std::string | a string |
/// | an enum described with Boost.Describe | the name of its value, a string |
/// | any other enum | its number |
/// | std::optional | null, or the form of what it holds |
/// | std::vector and its like, std::array, std::pair, std::tuple | an array |
/// | std::map and its like, from std::string | an object |
/// | a class described with Boost.Describe | an object, its fields by name |
/// | a plain aggregate of several fields | an array, its fields by position |
/// | a plain aggregate of one field | the form of that field |
/// | a struct without fields | null |
/// | a type with a `value_form` of its own | what that says |
///
/// All else (pointers, functions, classes with constructors, base classes, arrays, bit fields, unions) has no form:
/// `has_form` is false for it, and it can still be sent; it only cannot be written out.

namespace coppice {

/// To whom a value is described: builds JSON, text or bytes from it.
///
/// The calls come well nested: after `key` exactly one value, between `begin_array` and `end_array` any number.
class value_writer {
 public:
  virtual ~value_writer();

  virtual void null() = 0;
  virtual void boolean(bool value) = 0;
  virtual void integer(std::int64_t value) = 0;
  virtual void unsigned_integer(std::uint64_t value) = 0;
  virtual void number(double value) = 0;  ///< Always finite.
  virtual void string(std::string_view value) = 0;
  virtual void begin_array() = 0;
  virtual void end_array() = 0;
  virtual void begin_object() = 0;
  virtual void key(std::string_view name) = 0;
  virtual void end_object() = 0;
  /// A value that has no form, only the name of its type.
  virtual void opaque(std::string_view type_name) = 0;
};

/// From where a value is read: one place in a tree of values, as of JSON.
///
/// Bad input is never an exception here: whoever reads says what is wrong by `fault` and goes on, so that all faults
/// are found in one reading.
class value_reader {
 public:
  enum class kind { null, boolean, integer, number, string, array, object };

  /// `depth`: how many arrays and objects this place lies in.
  explicit value_reader(std::size_t depth = 0) : depth_(depth) {}
  virtual ~value_reader();

  virtual kind what() const = 0;

  // Each of these is asked only of a place of its kind; `as_number` also of an integer.
  virtual bool as_boolean() const = 0;
  /// False, and `value` untouched, if the integer here does not fit.
  virtual bool as_integer(std::int64_t& value) const = 0;
  virtual bool as_unsigned_integer(std::uint64_t& value) const = 0;
  virtual double as_number() const = 0;
  /// Good until the reader ends.
  virtual std::string_view as_string() const = 0;

  /// How many elements an array has, or keys an object; 0 for all else.
  virtual std::size_t size() const = 0;
  /// An element of an array; `index` is less than `size()`. Good until this reader is asked for the next element or
  /// key, or ends.
  virtual value_reader& element(std::size_t index) = 0;
  /// What an object has under a key, or null. Good as long as an element.
  virtual value_reader* find(std::string_view key) = 0;
  /// The keys of an object. They are good until the reader ends.
  virtual std::vector<std::string_view> keys() const = 0;

  /// Records what is wrong at this place, in words that a person can act on. The place itself is added by the reader.
  virtual void fault(std::string message) = 0;

  std::size_t depth() const { return depth_; }

 private:
  std::size_t depth_;
};

/// Specialise this for a type that shall have a form of its own, next to the type:
///
///     template <>
///     struct coppice::value_form<shop::money> {
///       static void write(value_writer& to, shop::money const& value);
///       static bool read(value_reader& from, shop::money& value);  // false after a fault
///     };
///
/// A form of one's own must not be null for a type that is to be held by an optional.
template <class T>
struct value_form;

template <class T>
void write_value(value_writer& to, T const& value);

template <class T>
bool read_value(value_reader& from, T& value);

/// What is at a place, for the end of "expected ...; got ...": `the string "5s"`, `an array of 3 elements`, `null`.
std::string describe_found(value_reader const& found);

namespace detail {

/// Which of the rules above holds for a type.
enum class form_rule {
  none,
  own,
  boolean,
  integer,
  number,
  string,
  described_enum,
  plain_enum,
  optional,
  dictionary,
  sequence,
  fixed_array,
  tuple,
  described,
  aggregate,
};

template <class T>
concept has_own_form = requires(value_writer& to, value_reader& from, T& value, T const& written) {
  value_form<T>::write(to, written);
  { value_form<T>::read(from, value) } -> std::same_as<bool>;
};

template <class T>
inline constexpr bool is_string = false;
template <class Traits, class Allocator>
inline constexpr bool is_string<std::basic_string<char, Traits, Allocator>> = true;

// The standard containers are known by what they can do, so that this header need not include them all, and so that
// containers of other libraries have a form too.

template <class T>
concept optional_like = requires(T& value, T const& read_only) {
  typename T::value_type;
  { read_only.has_value() } -> std::same_as<bool>;
  { *read_only } -> std::same_as<typename T::value_type const&>;
  value.emplace();
  value.reset();
};

template <class T>
concept dictionary_like = requires(T& value, T const& read_only, typename T::mapped_type& mapped) {
  requires is_string<typename T::key_type>;
  value.clear();
  value.insert_or_assign(std::string(), std::move(mapped));
  read_only.begin()->second;
  read_only.end();
};

template <class T>
concept sequence_like = requires(T& value, T const& read_only, typename T::value_type& element) {
  value.clear();
  value.push_back(std::move(element));
  read_only.begin();
  read_only.end();
};

template <class T>
concept tuple_like = requires {
  std::tuple_size<T>::value;
};

template <class T>
concept fixed_array_like = tuple_like<T> && requires(T& value) {
  { value.data() } -> std::same_as<typename T::value_type*>;
};

template <class T>
using described_fields =
    boost::describe::describe_members<T, boost::describe::mod_any_access | boost::describe::mod_inherited>;

template <class T>
constexpr form_rule rule_of() {
  if constexpr (!std::is_object_v<T> || std::is_const_v<T> || std::is_volatile_v<T> || std::is_array_v<T>) {
    return form_rule::none;
  } else if constexpr (has_own_form<T>) {
    return form_rule::own;
  } else if constexpr (std::is_same_v<T, bool>) {
    return form_rule::boolean;
  } else if constexpr (std::is_integral_v<T>) {
    return sizeof(T) <= sizeof(std::int64_t) ? form_rule::integer : form_rule::none;
  } else if constexpr (std::is_floating_point_v<T>) {
    return form_rule::number;
  } else if constexpr (std::is_enum_v<T>) {
    return boost::describe::has_describe_enumerators<T>::value ? form_rule::described_enum : form_rule::plain_enum;
  } else if constexpr (!std::is_class_v<T>) {
    return form_rule::none;
  } else if constexpr (boost::describe::has_describe_members<T>::value) {
    return form_rule::described;
  } else if constexpr (is_string<T>) {
    return form_rule::string;
  } else if constexpr (optional_like<T>) {
    return form_rule::optional;
  } else if constexpr (dictionary_like<T>) {
    return form_rule::dictionary;
  } else if constexpr (sequence_like<T>) {
    return form_rule::sequence;
  } else if constexpr (fixed_array_like<T>) {
    return form_rule::fixed_array;
  } else if constexpr (tuple_like<T>) {
    return form_rule::tuple;
  } else {
    return std::is_void_v<field_types<T>> ? form_rule::none : form_rule::aggregate;
  }
}

template <class T, class Field>
struct member_pointer {
  using field = Field;
};
template <class T, class Field>
member_pointer<T, Field> take_apart(Field T::*);
template <class Descriptor>
using described_type = typename decltype(take_apart(Descriptor::pointer))::field;

// `Seen` are the types around this one, so that the search ends in a type that holds itself (a tree with a vector of
// trees): there the question is answered by all the rest of it.
template <class T, class... Seen>
constexpr bool formed();

template <class... Seen>
struct all_formed {
  template <class... T>
  static constexpr bool types(type_list<T...>*) {
    return (formed<T, Seen...>() && ...);
  }
  template <template <class...> class List, class... Descriptor>
  static constexpr bool members(List<Descriptor...>*) {
    return (formed<described_type<Descriptor>, Seen...>() && ...);
  }
  template <class Tuple, std::size_t... I>
  static constexpr bool elements(std::index_sequence<I...>*) {
    return (formed<std::tuple_element_t<I, Tuple>, Seen...>() && ...);
  }
  // What a container holds is made afresh for each element that is read.
  template <class T>
  static constexpr bool content() {
    return (std::is_same_v<T, Seen> || ...) || (formed<T, Seen...>() && std::default_initializable<T>);
  }
};

// Null stands for the empty optional; what it holds must not be null as well, or it could not be told apart.
template <class T>
constexpr bool may_be_null() {
  constexpr form_rule rule = rule_of<T>();
  if constexpr (rule == form_rule::aggregate) {
    return []<class... Field>(type_list<Field...>*) {
      if constexpr (sizeof...(Field) == 1) return (may_be_null<Field>() && ...);
      return sizeof...(Field) == 0;
    }(static_cast<field_types<T>*>(nullptr));
  } else if constexpr (rule == form_rule::described) {
    return std::is_same_v<described_fields<T>, boost::mp11::mp_clear<described_fields<T>>>;
  } else {
    return rule == form_rule::optional;
  }
}

template <class T, class... Seen>
constexpr bool formed() {
  if constexpr ((std::is_same_v<T, Seen> || ...)) {
    return true;
  } else {
    constexpr form_rule rule = rule_of<T>();
    using inside = all_formed<T, Seen...>;
    if constexpr (rule == form_rule::optional) {
      return inside::template content<typename T::value_type>() && !may_be_null<typename T::value_type>();
    } else if constexpr (rule == form_rule::dictionary) {
      return inside::template content<typename T::mapped_type>();
    } else if constexpr (rule == form_rule::sequence) {
      return inside::template content<typename T::value_type>();
    } else if constexpr (rule == form_rule::fixed_array) {
      return formed<typename T::value_type, T, Seen...>();
    } else if constexpr (rule == form_rule::tuple) {
      return inside::template elements<T>(static_cast<std::make_index_sequence<std::tuple_size_v<T>>*>(nullptr));
    } else if constexpr (rule == form_rule::described) {
      return inside::members(static_cast<described_fields<T>*>(nullptr));
    } else if constexpr (rule == form_rule::aggregate) {
      return inside::types(static_cast<field_types<T>*>(nullptr));
    } else {
      return rule != form_rule::none;
    }
  }
}

/// Adds `words` in double quotes; what would end the line or the quotes, or steer a terminal, is escaped.
void append_quoted(std::string& text, std::string_view words);

// The parts that know no type: they are compiled once, and the templates below only lead to them.

void write_number(value_writer& to, double value);
bool read_boolean(value_reader& from, bool& value);
bool read_integer(value_reader& from, std::int64_t least, std::int64_t greatest, std::int64_t& value);
bool read_unsigned_integer(value_reader& from, std::uint64_t greatest, std::uint64_t& value);
bool read_number(value_reader& from, double greatest, double& value);
bool read_string(value_reader& from, std::string& value);

struct enumerator {
  std::string_view name;
  std::int64_t value;
};
/// `value` holds the bits of the enum's own integer, signed or not.
void write_enumerator(value_writer& to, std::span<enumerator const> known, std::int64_t value);
bool read_enumerator(value_reader& from, std::span<enumerator const> known, std::int64_t& value);

/// A place in a value that is made from a place in what is read.
struct value_slot {
  std::string_view name;  ///< Of a described field; empty for a position.
  void* place;
  bool (*read)(value_reader& from, void* place);
};
bool read_fields(value_reader& from, std::string_view type, std::span<value_slot const> slots);
bool read_positions(value_reader& from, std::string_view type, std::span<value_slot const> slots);

/// True if an array of any size is here, at a depth that the stack can bear; else it has recorded the fault.
bool expect_array(value_reader& from);
bool expect_object(value_reader& from);
/// True if an array of this size is here.
bool expect_array_of(value_reader& from, std::size_t size);
/// True if null is here, or an array or an object with nothing in it.
bool expect_nothing(value_reader& from, std::string_view type);

template <class T>
bool read_at(value_reader& from, void* place) {
  return read_value(from, *static_cast<T*>(place));
}

template <class T>
value_slot slot_for(T& place, std::string_view name = {}) {
  return {name, &place, &read_at<T>};
}

template <class T, template <class...> class List, class... Descriptor>
void write_described(value_writer& to, T const& value, List<Descriptor...>*) {
  if constexpr (sizeof...(Descriptor) == 0) {
    to.null();
  } else {
    to.begin_object();
    ((to.key(Descriptor::name), write_value(to, value.*Descriptor::pointer)), ...);
    to.end_object();
  }
}

template <class T, template <class...> class List, class... Descriptor>
bool read_described(value_reader& from, T& value, List<Descriptor...>*) {
  if constexpr (sizeof...(Descriptor) == 0) {
    return expect_nothing(from, short_type_name<T>());
  } else {
    value_slot const slots[] = {slot_for(value.*Descriptor::pointer, Descriptor::name)...};
    return read_fields(from, short_type_name<T>(), slots);
  }
}

template <class Enum, template <class...> class List, class... Descriptor>
std::span<enumerator const> enumerators(List<Descriptor...>*) {
  if constexpr (sizeof...(Descriptor) == 0) {
    return {};
  } else {
    static constexpr enumerator all[] = {{Descriptor::name, static_cast<std::int64_t>(Descriptor::value)}...};
    return all;
  }
}

struct write_positions {
  value_writer& to;
  template <class... Field>
  void operator()(Field const&... field) const {
    if constexpr (sizeof...(Field) == 1) {
      (write_value(to, field), ...);
    } else {
      to.begin_array();
      (write_value(to, field), ...);
      to.end_array();
    }
  }
};

struct read_aggregate {
  value_reader& from;
  std::string_view type;
  template <class... Field>
  bool operator()(Field&... field) const {
    if constexpr (sizeof...(Field) == 1) {
      return (read_value(from, field), ...);
    } else {
      value_slot const slots[] = {slot_for(field)...};
      return read_positions(from, type, slots);
    }
  }
};

template <class T, std::size_t... I>
void write_tuple(value_writer& to, T const& value, std::index_sequence<I...>) {
  using std::get;
  to.begin_array();
  (write_value(to, get<I>(value)), ...);
  to.end_array();
}

template <class T, std::size_t... I>
bool read_tuple(value_reader& from, [[maybe_unused]] T& value, std::index_sequence<I...>) {
  using std::get;
  if constexpr (sizeof...(I) == 0) {
    return expect_array_of(from, 0);
  } else {
    value_slot const slots[] = {slot_for(get<I>(value))...};
    return read_positions(from, {}, slots);
  }
}

}  // namespace detail

/// Whether a type can be written to a `value_writer` and read from a `value_reader`, by the rules at the top of this
/// file. Asking never stops the build, whatever the type (it must be complete).
template <class T>
concept has_form = detail::formed<std::remove_cv_t<T>>();

/// Describes a value.
template <class T>
void write_value(value_writer& to, T const& value) {
  static_assert(has_form<T>, "this type has no form: see the rules in coppice/process/value_form.hpp");
  using detail::form_rule;
  constexpr form_rule rule = detail::rule_of<T>();
  if constexpr (rule == form_rule::own) {
    value_form<T>::write(to, value);
  } else if constexpr (rule == form_rule::boolean) {
    to.boolean(value);
  } else if constexpr (rule == form_rule::integer) {
    if constexpr (std::is_signed_v<T>)
      to.integer(value);
    else
      to.unsigned_integer(value);
  } else if constexpr (rule == form_rule::number) {
    detail::write_number(to, static_cast<double>(value));
  } else if constexpr (rule == form_rule::string) {
    to.string(value);
  } else if constexpr (rule == form_rule::described_enum) {
    using all = boost::describe::describe_enumerators<T>;
    detail::write_enumerator(to, detail::enumerators<T>(static_cast<all*>(nullptr)), static_cast<std::int64_t>(value));
  } else if constexpr (rule == form_rule::plain_enum) {
    write_value(to, static_cast<std::underlying_type_t<T>>(value));
  } else if constexpr (rule == form_rule::optional) {
    if (value.has_value())
      write_value(to, *value);
    else
      to.null();
  } else if constexpr (rule == form_rule::dictionary) {
    to.begin_object();
    for (auto const& [key, mapped] : value) {
      to.key(key);
      write_value<typename T::mapped_type>(to, mapped);
    }
    to.end_object();
  } else if constexpr (rule == form_rule::sequence || rule == form_rule::fixed_array) {
    to.begin_array();
    // The type is given because a vector<bool> holds something else that turns into it.
    for (auto const& element : value) write_value<typename T::value_type>(to, element);
    to.end_array();
  } else if constexpr (rule == form_rule::tuple) {
    detail::write_tuple(to, value, std::make_index_sequence<std::tuple_size_v<T>>());
  } else if constexpr (rule == form_rule::described) {
    detail::write_described(to, value, static_cast<detail::described_fields<T>*>(nullptr));
  } else if constexpr (rule == form_rule::aggregate) {
    constexpr int count = detail::field_types<T>::size;
    if constexpr (count == 0)
      to.null();
    else
      detail::with_fields<count>(value, detail::write_positions{to});
  }
}

/// Reads a value. True if all of it was read; false after having recorded every fault, not only the first: a wrong
/// type, an integer out of range, a wrong number of elements, an unknown key or name ("did you mean").
///
/// A field of a described class that is missing keeps what `value` had in it, so that the defaults of a struct are
/// those of its initialisers. After false, `value` holds some of what was read.
template <class T>
bool read_value(value_reader& from, T& value) {
  static_assert(has_form<T>, "this type has no form: see the rules in coppice/process/value_form.hpp");
  using detail::form_rule;
  constexpr form_rule rule = detail::rule_of<T>();
  if constexpr (rule == form_rule::own) {
    return value_form<T>::read(from, value);
  } else if constexpr (rule == form_rule::boolean) {
    return detail::read_boolean(from, value);
  } else if constexpr (rule == form_rule::integer && std::is_signed_v<T>) {
    std::int64_t found = 0;
    if (!detail::read_integer(from, std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), found)) return false;
    value = static_cast<T>(found);
    return true;
  } else if constexpr (rule == form_rule::integer) {
    std::uint64_t found = 0;
    if (!detail::read_unsigned_integer(from, std::numeric_limits<T>::max(), found)) return false;
    value = static_cast<T>(found);
    return true;
  } else if constexpr (rule == form_rule::number) {
    double found = 0;
    constexpr bool narrow = sizeof(T) < sizeof(double);
    constexpr double greatest =
        narrow ? static_cast<double>(std::numeric_limits<T>::max()) : std::numeric_limits<double>::max();
    if (!detail::read_number(from, greatest, found)) return false;
    value = static_cast<T>(found);
    return true;
  } else if constexpr (rule == form_rule::string) {
    std::string found;
    if (!detail::read_string(from, found)) return false;
    if constexpr (std::is_same_v<T, std::string>)
      value = std::move(found);
    else
      value.assign(found.begin(), found.end());
    return true;
  } else if constexpr (rule == form_rule::described_enum) {
    using all = boost::describe::describe_enumerators<T>;
    std::int64_t found = 0;
    if (!detail::read_enumerator(from, detail::enumerators<T>(static_cast<all*>(nullptr)), found)) return false;
    value = static_cast<T>(found);
    return true;
  } else if constexpr (rule == form_rule::plain_enum) {
    std::underlying_type_t<T> found{};
    if (!read_value(from, found)) return false;
    value = static_cast<T>(found);
    return true;
  } else if constexpr (rule == form_rule::optional) {
    value.reset();
    if (from.what() == value_reader::kind::null) return true;
    value.emplace();
    return read_value(from, *value);
  } else if constexpr (rule == form_rule::dictionary) {
    if (!detail::expect_object(from)) return false;
    bool good = true;
    value.clear();
    for (std::string_view const key : from.keys()) {
      typename T::mapped_type mapped{};
      good = read_value(*from.find(key), mapped) && good;
      value.insert_or_assign(typename T::key_type(key), std::move(mapped));
    }
    return good;
  } else if constexpr (rule == form_rule::sequence) {
    if (!detail::expect_array(from)) return false;
    bool good = true;
    value.clear();
    for (std::size_t i = 0; i < from.size(); ++i) {
      typename T::value_type element{};
      good = read_value(from.element(i), element) && good;
      value.push_back(std::move(element));
    }
    return good;
  } else if constexpr (rule == form_rule::fixed_array) {
    if (!detail::expect_array_of(from, std::tuple_size_v<T>)) return false;
    bool good = true;
    for (std::size_t i = 0; i < std::tuple_size_v<T>; ++i) good = read_value(from.element(i), value.data()[i]) && good;
    return good;
  } else if constexpr (rule == form_rule::tuple) {
    return detail::read_tuple(from, value, std::make_index_sequence<std::tuple_size_v<T>>());
  } else if constexpr (rule == form_rule::described) {
    return detail::read_described(from, value, static_cast<detail::described_fields<T>*>(nullptr));
  } else if constexpr (rule == form_rule::aggregate) {
    constexpr int count = detail::field_types<T>::size;
    if constexpr (count == 0) {
      return detail::expect_nothing(from, short_type_name<T>());
    } else {
      return detail::with_fields<count>(value, detail::read_aggregate{from, short_type_name<T>()});
    }
  }
}

}  // namespace coppice
