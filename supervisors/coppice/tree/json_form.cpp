#include <cassert>
#include <utility>

#include <nlohmann/json.hpp>

#include <coppice/tree/json_form.hpp>
#include <coppice/tree/json_pointer.hpp>
#include <coppice/tree/quoted_text.hpp>

namespace coppice {

using nlohmann::json;

namespace {

// nlohmann throws when it is to print a string that is no UTF-8, and a message may hold any bytes.
std::string as_utf8(std::string_view text) {
  constexpr std::string_view replacement = "\xEF\xBF\xBD";
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    std::size_t const length = detail::utf8_length(text);
    valid += length == 0 ? replacement : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return valid;
}

}  // namespace

struct json_value_writer::building {
  json root;
  // The arrays and objects that are open. An outer one does not change while an inner one is open, so that pointers
  // into it stay good.
  std::vector<json*> open;
  std::string key;

  json& put(json value) {
    if (open.empty()) return root = std::move(value);
    json& around = *open.back();
    if (around.is_object()) return around[key] = std::move(value);
    return around.emplace_back(std::move(value));
  }
};

json_value_writer::json_value_writer() : building_(std::make_unique<building>()) {}
json_value_writer::~json_value_writer() = default;

void json_value_writer::null() {
  building_->put(nullptr);
}
void json_value_writer::boolean(bool value) {
  building_->put(value);
}
void json_value_writer::integer(std::int64_t value) {
  building_->put(value);
}
void json_value_writer::unsigned_integer(std::uint64_t value) {
  building_->put(value);
}
void json_value_writer::number(double value) {
  building_->put(value);
}
void json_value_writer::string(std::string_view value) {
  building_->put(as_utf8(value));
}
void json_value_writer::begin_array() {
  building_->open.push_back(&building_->put(json::array()));
}
void json_value_writer::end_array() {
  building_->open.pop_back();
}
void json_value_writer::begin_object() {
  building_->open.push_back(&building_->put(json::object()));
}
void json_value_writer::key(std::string_view name) {
  building_->key = as_utf8(name);
}
void json_value_writer::end_object() {
  building_->open.pop_back();
}
void json_value_writer::opaque(std::string_view type_name) {
  string(type_name);
}

json json_value_writer::take() {
  assert(building_->open.empty());
  return std::exchange(building_->root, nullptr);
}

json_value_reader::json_value_reader(json const& value, std::string pointer)
    : value_(&value), root_(this), pointer_(std::move(pointer)) {}

json_value_reader::json_value_reader(json_value_reader* parent)
    : value_reader(parent->depth() + 1), value_(nullptr), root_(parent->root_), parent_(parent) {}

json_value_reader::~json_value_reader() = default;

value_reader::kind json_value_reader::what() const {
  switch (value_->type()) {
    case json::value_t::boolean: return kind::boolean;
    case json::value_t::number_integer:
    case json::value_t::number_unsigned: return kind::integer;
    case json::value_t::number_float: return kind::number;
    case json::value_t::string: return kind::string;
    case json::value_t::array: return kind::array;
    case json::value_t::object: return kind::object;
    case json::value_t::null:
    case json::value_t::binary:  // These two are not made from any text.
    case json::value_t::discarded: break;
  }
  return kind::null;
}

bool json_value_reader::as_boolean() const {
  return value_->get<bool>();
}

bool json_value_reader::as_integer(std::int64_t& value) const {
  if (value_->is_number_unsigned() && !std::in_range<std::int64_t>(value_->get<std::uint64_t>())) return false;
  value = value_->get<std::int64_t>();
  return true;
}

bool json_value_reader::as_unsigned_integer(std::uint64_t& value) const {
  if (!value_->is_number_unsigned() && !std::in_range<std::uint64_t>(value_->get<std::int64_t>())) return false;
  value = value_->get<std::uint64_t>();
  return true;
}

double json_value_reader::as_number() const {
  return value_->get<double>();
}
std::string_view json_value_reader::as_string() const {
  return value_->get_ref<std::string const&>();
}
std::size_t json_value_reader::size() const {
  return value_->is_structured() ? value_->size() : 0;
}

json_value_reader& json_value_reader::child() {
  if (!child_) child_.reset(new json_value_reader(this));
  return *child_;
}

value_reader& json_value_reader::element(std::size_t index) {
  json_value_reader& there = child();
  there.value_ = &value_->at(index);
  there.index_ = index;
  return there;
}

value_reader* json_value_reader::find(std::string_view key) {
  if (!value_->is_object()) return nullptr;
  auto const found = value_->find(key);
  if (found == value_->end()) return nullptr;
  json_value_reader& there = child();
  there.value_ = &*found;
  there.key_ = found.key();
  return &there;
}

std::vector<std::string_view> json_value_reader::keys() const {
  std::vector<std::string_view> all;
  if (!value_->is_object()) return all;
  for (auto each = value_->begin(); each != value_->end(); ++each) all.push_back(each.key());
  return all;
}

void json_value_reader::fault(std::string message) {
  root_->faults_.push_back({pointer(), std::move(message)});
}

std::string json_value_reader::pointer() const {
  if (parent_ == nullptr) return pointer_;
  if (parent_->value_->is_object()) return detail::pointer_to(parent_->pointer(), key_);
  return detail::pointer_to(parent_->pointer(), index_);
}

json value_to_json(message_form const& form, void const* value) {
  json_value_writer writer;
  form.write(writer, value);
  return writer.take();
}

json message_to_json(message_form const& form, void const* value) {
  json message = json::object();
  message[std::string(form.name)] = value_to_json(form, value);
  return message;
}

}  // namespace coppice
