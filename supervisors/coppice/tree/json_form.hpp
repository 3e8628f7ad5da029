#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <coppice/process/message_form.hpp>
#include <coppice/process/object_room.hpp>
#include <coppice/process/value_form.hpp>

namespace coppice {

/// Builds JSON from a value that is described to it.
///
///     json_value_writer writer;
///     write_value(writer, shop::add{20});
///     std::cout << writer.take();  // 20
///
/// The answer can always be printed: bytes of a string that are no UTF-8 become U+FFFD. A value that has no form is
/// a string, the name of its type.
class json_value_writer final : public value_writer {
 public:
  json_value_writer();
  ~json_value_writer() override;
  json_value_writer(json_value_writer const&) = delete;
  json_value_writer& operator=(json_value_writer const&) = delete;

  void null() override;
  void boolean(bool value) override;
  void integer(std::int64_t value) override;
  void unsigned_integer(std::uint64_t value) override;
  void number(double value) override;
  void string(std::string_view value) override;
  void begin_array() override;
  void end_array() override;
  void begin_object() override;
  void key(std::string_view name) override;
  void end_object() override;
  void opaque(std::string_view type_name) override;

  /// What was written; null if that is nothing. The writer is as new afterwards.
  nlohmann::json take();

 private:
  struct building;

  std::unique_ptr<building> building_;
};

/// What is wrong at one place of a JSON value.
struct json_fault {
  std::string pointer;  ///< The JSON pointer of the place, `/children/0/args/initial`.
  std::string text;     ///< What was expected, and what was found.

  friend bool operator==(json_fault const&, json_fault const&) = default;
};

/// Reads values from JSON and collects the faults of all of it.
///
///     json_value_reader reader(tree["args"], "/args");
///     if (!read_value(reader, options)) report(reader.faults());
///
/// The JSON must outlive the reader.
class json_value_reader final : public value_reader, public detail::pooled_object {
 public:
  /// `pointer` is where `value` stands in its file: it comes before the pointers of all faults.
  explicit json_value_reader(nlohmann::json const& value, std::string pointer = {});
  ~json_value_reader() override;
  json_value_reader(json_value_reader const&) = delete;
  json_value_reader& operator=(json_value_reader const&) = delete;

  kind what() const override;
  bool as_boolean() const override;
  bool as_integer(std::int64_t& value) const override;
  bool as_unsigned_integer(std::uint64_t& value) const override;
  double as_number() const override;
  std::string_view as_string() const override;
  std::size_t size() const override;
  value_reader& element(std::size_t index) override;
  value_reader* find(std::string_view key) override;
  std::vector<std::string_view> keys() const override;
  void fault(std::string message) override;

  /// In the order in which they were found.
  std::vector<json_fault> const& faults() const { return root_->faults_; }

  std::string pointer() const;

 private:
  explicit json_value_reader(json_value_reader* parent);

  json_value_reader& child();

  nlohmann::json const* value_;
  // A place below the root knows its way up, so that a pointer is put together only where there is a fault.
  json_value_reader* root_;
  json_value_reader* parent_ = nullptr;
  std::string_view key_;   // In an object; a view of the object's own key.
  std::size_t index_ = 0;  // In an array.
  // One at a time: moved along from element to element.
  std::unique_ptr<json_value_reader> child_;
  std::string pointer_;             // Only of the root.
  std::vector<json_fault> faults_;  // Only of the root.
};

/// A value whose type is known by its form only: `20` for an `add{20}`.
nlohmann::json value_to_json(message_form const& form, void const* value);

/// A message under its short name, as scripts write it: `{"add": 20}`.
nlohmann::json message_to_json(message_form const& form, void const* value);

}  // namespace coppice
