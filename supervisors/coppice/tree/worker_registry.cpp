#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

#include <coppice/tree/identifier.hpp>
#include <coppice/tree/json_form.hpp>
#include <coppice/tree/worker_message.hpp>
#include <coppice/tree/worker_registry.hpp>

namespace coppice {

namespace {

void append(std::vector<json_fault> found, std::vector<arg_fault>& faults) {
  for (auto& each : found) faults.push_back({std::move(each.pointer), std::move(each.text)});
}

}  // namespace

namespace detail {

bool read_args(const nlohmann::json& args, bool (*read)(value_reader& from, void* into), void* into,
               std::vector<arg_fault>* faults) {
  json_value_reader reader{args};
  const bool is_right = read(reader, into);
  if (faults != nullptr) {
    for (const auto& each : reader.faults()) faults->push_back({each.pointer, each.text});
  }
  return is_right;
}

}  // namespace detail

void worker_registry::add(std::string name, worker made) {
  if (!detail::is_identifier(name)) {
    throw std::invalid_argument{"coppice: \"" + name +
                                "\" cannot be the name of a worker; use small letters, digits and _, a letter first"};
  }
  if (!made.start) throw std::invalid_argument{"coppice: the worker \"" + name + "\" has no start function"};
  const auto [place, is_new] = workers_.try_emplace(std::move(name), std::move(made));
  if (!is_new) {
    throw std::invalid_argument{"coppice: a worker named \"" + place->first +
                                "\" is registered already; choose another name"};
  }
}

const worker* worker_registry::find(std::string_view name) const noexcept {
  const auto found = workers_.find(name);
  return found != workers_.end() ? &found->second : nullptr;
}

std::vector<std::string_view> worker_registry::names() const {
  std::vector<std::string_view> listed;
  for (const auto& [name, made] : workers_) listed.push_back(name);
  return listed;
}

std::any worker_registry::read_args(std::string_view worker, const nlohmann::json& args,
                                    std::vector<arg_fault>& faults) const {
  const auto* found = find(worker);
  return found != nullptr && found->read ? found->read(args, faults) : std::any{};
}

void worker_registry::check_message(std::string_view worker, const nlohmann::json& message,
                                    std::vector<arg_fault>& faults) const {
  const auto* found = find(worker);
  if (found != nullptr) append(check_worker_message(*found, message), faults);
}

void worker_registry::check_answer(std::string_view worker, const nlohmann::json& message, const nlohmann::json& answer,
                                   std::vector<arg_fault>& faults) const {
  const auto* found = find(worker);
  if (found != nullptr) append(check_worker_answer(*found, message, answer), faults);
}

}  // namespace coppice
