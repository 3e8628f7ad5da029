#include <algorithm>
#include <memory>
#include <span>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <coppice/behaviours/call.hpp>
#include <coppice/process/envelope.hpp>
#include <coppice/process/message.hpp>
#include <coppice/process/message_form.hpp>
#include <coppice/process/suggestion.hpp>
#include <coppice/tree/worker_message.hpp>

namespace coppice {

namespace {

std::vector<const message_form*> forms_of(const worker& of) {
  std::vector<const message_form*> forms;
  for (const auto& each : of.handlers) forms.push_back(&each.type->form());
  return forms;
}

const detail::handler* handler_of(const worker& of, const message_form& form) {
  const auto found = std::find_if(of.handlers.begin(), of.handlers.end(),
                                  [&form](const auto& each) { return is_same_message(each.type->form(), form); });
  return found != of.handlers.end() ? &*found : nullptr;
}

const detail::handler* handler_named(const worker& of, std::string_view name) {
  const auto found = std::find_if(of.handlers.begin(), of.handlers.end(), [name](const auto& each) {
    return each.type->form().name == name || each.type->form().full_name == name;
  });
  return found != of.handlers.end() ? &*found : nullptr;
}

struct give_room_back {
  const detail::message_type* type;
  void operator()(void* room) const noexcept { detail::deallocate_envelope(room, *type); }
};

// An envelope whose value `read` makes; null when it does not.
template <class Read>
detail::envelope* make_envelope_by(const detail::message_type& type, Read read) {
  std::unique_ptr<void, give_room_back> room{detail::allocate_envelope(type), give_room_back{&type}};
  auto* made = ::new (room.get()) detail::envelope{nullptr, 0, 0, 0, &type};
  made->set(detail::envelope_kind::message, reference{});
  if (!read(made->payload())) return nullptr;
  static_cast<void>(room.release());
  return made;
}

// The message of a list of workers' messages that the JSON names, read; null when it cannot be, with the faults in the
// reader.
detail::envelope* read_message(const worker& of, json_value_reader& reader) {
  const auto forms = forms_of(of);
  const named_message named = read_message_name(reader, forms);
  if (named.form == nullptr) return nullptr;
  value_reader* value = reader.find(named.key);
  return make_envelope_by(*handler_of(of, *named.form)->type,
                          [&](void* storage) { return named.form->read(*value, storage); });
}

// A message without fields may be given by its name alone.
nlohmann::json with_fields(const nlohmann::json& message) {
  if (!message.is_string()) return message;
  nlohmann::json whole = nlohmann::json::object();
  whole[message.get<std::string>()] = nullptr;
  return whole;
}

nlohmann::json answer_to(detail::envelope* request, pid to, std::chrono::milliseconds timeout) {
  request->to = to.value();
  detail::envelope* reply = detail::call_with(to, request, timeout);
  const message owner{reply};
  if (!reply->type->form().has_form) return nullptr;
  json_value_writer writer;
  reply->type->form().write(writer, reply->payload());
  return writer.take();
}

}  // namespace

std::vector<json_fault> check_worker_message(const worker& of, const nlohmann::json& message) {
  json_value_reader reader{message};
  if (detail::envelope* read = read_message(of, reader)) detail::discard(read);
  return reader.faults();
}

void send_worker_message(const worker& of, pid to, const nlohmann::json& message) {
  json_value_reader reader{message};
  detail::envelope* made = read_message(of, reader);
  if (made == nullptr) return;
  made->to = to.value();
  detail::deliver(made);
}

std::vector<json_fault> check_worker_answer(const worker& of, const nlohmann::json& message,
                                            const nlohmann::json& answer) {
  json_value_reader name{message};
  const auto forms = forms_of(of);
  const named_message named = read_message_name(name, forms);
  if (named.form == nullptr) return name.faults();
  const detail::message_type* reply = handler_of(of, *named.form)->reply;
  if (reply == nullptr) return {};
  const message_form& form = reply->form();
  if (!form.has_form) {
    return {{"", fmt::format("the reply to \"{}\" is a {}, which has no JSON form to compare with", named.key,
                             form.full_name)}};
  }
  if (form.read == nullptr) return {};
  json_value_reader reader{answer};
  if (detail::envelope* read = make_envelope_by(*reply, [&](void* storage) { return form.read(reader, storage); })) {
    detail::discard(read);
  }
  return reader.faults();
}

std::vector<json_fault> check_worker_call(const worker& of, const nlohmann::json& message) {
  const nlohmann::json whole = with_fields(message);
  json_value_reader reader{whole};
  const auto forms = forms_of(of);
  const named_message named = read_message_name(reader, forms);
  if (named.form == nullptr) return reader.faults();
  const detail::handler& found = *handler_of(of, *named.form);
  const auto refuse = [&](std::string text) {
    return std::vector{json_fault{"/" + std::string{named.key}, std::move(text)}};
  };
  if (found.reply == nullptr) {
    return refuse(fmt::format("the message \"{}\" of the worker has no reply", named.form->name));
  }
  if (!found.reply->form().has_form) {
    return refuse(
        fmt::format("the reply to \"{}\" is a {}, which has no JSON form", named.form->name, found.reply->name));
  }
  return check_worker_message(of, whole);
}

nlohmann::json call_worker(const worker& of, pid to, const nlohmann::json& message, std::chrono::milliseconds timeout) {
  const nlohmann::json whole = with_fields(message);
  json_value_reader reader{whole};
  detail::envelope* request = read_message(of, reader);
  return request != nullptr ? answer_to(request, to, timeout) : nlohmann::json{};
}

std::string check_worker_query(const worker& of, std::string_view name) {
  const detail::handler* found = handler_named(of, name);
  if (found == nullptr && of.handlers.empty()) {
    return fmt::format("the worker takes no messages that a script could send, so no \"{}\" either", name);
  }
  if (found == nullptr) {
    std::vector<std::string_view> names;
    for (const auto& each : of.handlers) names.push_back(each.type->form().name);
    const auto meant = closest(name, names);
    return fmt::format("the worker has no message \"{}\"{}. It has: {}", name,
                       meant ? fmt::format("; did you mean \"{}\"?", *meant) : std::string{}, fmt::join(names, ", "));
  }
  if (found->reply == nullptr) return fmt::format("the message \"{}\" of the worker has no reply to show", name);
  if (!found->reply->form().has_form) {
    return fmt::format("the reply to \"{}\" is a {}, which has no JSON form", name, found->reply->name);
  }
  if (found->type->form().read == nullptr) return fmt::format("the message \"{}\" cannot be made from JSON", name);
  return {};
}

nlohmann::json query_worker(const worker& of, pid to, std::string_view name, std::chrono::milliseconds timeout) {
  const nlohmann::json nothing;
  json_value_reader reader{nothing};
  const detail::handler* found = handler_named(of, name);
  detail::envelope* request =
      make_envelope_by(*found->type, [&](void* storage) { return found->type->form().read(reader, storage); });
  return request != nullptr ? answer_to(request, to, timeout) : nlohmann::json{};
}

}  // namespace coppice
