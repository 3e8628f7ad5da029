#include <algorithm>
#include <functional>
#include <memory>
#include <thread>

#include <fmt/format.h>

#include <coppice/process/control_block.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/message_form.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/process/process_runtime.hpp>
#include <coppice/process/registry.hpp>

namespace coppice {

namespace {

using detail::control_block;

bool wants(std::initializer_list<info> items, info item) {
  return items.size() == 0 || std::find(items.begin(), items.end(), item) != items.end();
}

process_status status_of(const control_block& of) {
  switch (of.state()) {
    case control_block::status::runnable: return process_status::runnable;
    case control_block::status::running: return process_status::running;
    case control_block::status::waiting: return process_status::waiting;
    case control_block::status::exiting: return process_status::exiting;
  }
  return process_status::runnable;
}

// What anybody may read, under the guard that keeps the process from leaving meanwhile.
bool describe_from_outside(process_description& into, std::initializer_list<info> items) {
  auto& table = detail::process_table::instance();
  if (wants(items, info::registered_name)) into.registered_name = detail::name_of(into.process);
  const std::lock_guard hold{table.guard_of(into.process)};
  if (!table.is_living(into.process)) return false;
  const control_block& of = table.slot(into.process).process();
  into.status = status_of(of);
  if (wants(items, info::message_queue_len)) into.message_queue_len = of.message_queue_len();
  into.reductions = of.reductions();
  if (const auto* type = of.current_message()) into.current_message = type->name;
  if (wants(items, info::initial_call)) into.initial_call = of.initial_call();
  into.parent = of.parent();
  if (wants(items, info::ancestors)) {
    for (auto next = of.ancestors(); next != nullptr; next = next->above) into.ancestors.push_back(next->parent);
  }
  into.trap_exit = of.traps_exit();
  return true;
}

void describe_from_inside(process_description& into, const std::vector<info>& items, control_block& of) {
  const auto asked = [&items](info item) {
    return items.empty() || std::find(items.begin(), items.end(), item) != items.end();
  };
  if (asked(info::memory)) into.memory = of.memory();
  if (asked(info::messages)) {
    for (auto* queued = of.first_message(); queued != nullptr; queued = queued->next) {
      into.messages.push_back(to_text(queued->type->form(), queued->payload()));
    }
  }
  if (asked(info::links)) {
    const auto links = of.links();
    into.links.assign(links.begin(), links.end());
  }
  if (asked(info::monitors)) {
    for (auto& each : of.monitors()) into.monitors.push_back({each.process, std::move(each.name)});
  }
  if (asked(info::monitored_by)) into.monitored_by = of.monitored_by();
  if (asked(info::dictionary)) {
    if (const auto* entries = of.dictionary_if_any()) {
      for (const auto& [key, value] : *entries) into.dictionary.push_back(key);
    }
  }
}

bool needs_its_answer(std::initializer_list<info> items) {
  return items.size() == 0 || std::any_of(items.begin(), items.end(), [](info item) { return item >= info::memory; });
}

}  // namespace

std::string_view to_string(info item) noexcept {
  constexpr std::string_view names[] = {
      "registered_name", "status", "message_queue_len", "reductions",   "current_message",
      "initial_call",    "parent", "ancestors",         "trap_exit",    "memory",
      "messages",        "links",  "monitors",          "monitored_by", "dictionary"};
  return names[static_cast<std::size_t>(item)];
}

std::string_view to_string(process_status status) noexcept {
  constexpr std::string_view names[] = {"runnable", "running", "waiting", "exiting"};
  return names[static_cast<std::size_t>(status)];
}

namespace detail {

std::optional<process_description> describe_process(pid of, std::initializer_list<info> items,
                                                    std::chrono::milliseconds patience) {
  auto made = std::make_shared<process_description>();
  made->process = of;
  if (!describe_from_outside(*made, items)) return std::nullopt;
  if (!needs_its_answer(items)) return std::move(*made);
  control_block& me = control_block::current();
  if (me.self() == of) {
    me.fetch_if_any();
    describe_from_inside(*made, items, me);
    made->message_queue_len = me.queued();
    return std::move(*made);
  }
  const reference asked = reference::make();
  me.await_reply(asked);
  envelope** link = me.end_of_queue();
  // The description is shared with the process, which may answer when nobody waits any more.
  std::function<void(control_block&)> answer = [made, items = std::vector<info>{items}, asker = me.self(),
                                                asked](control_block& its) {
    auto inside = std::make_shared<process_description>(*made);
    inside->message_queue_len = its.queued();
    describe_from_inside(*inside, items, its);
    post(make_envelope<std::shared_ptr<process_description>>(asker, envelope_kind::reply, its.self(), asked,
                                                             std::move(inside)));
  };
  post(make_envelope<std::function<void(control_block&)>>(of, envelope_kind::inspect, me.self(), asked,
                                                          std::move(answer)));
  wait_limit limit{patience};
  if (envelope* answered = me.wait_for_answer(asked, link, limit)) {
    std::optional<process_description> result;
    if (answered->kind() == envelope_kind::reply)
      result = std::move(*answered->as<std::shared_ptr<process_description>>());
    discard(answered);
    return result;
  }
  process_description now;
  now.process = of;
  if (!describe_from_outside(now, {info::registered_name, info::message_queue_len})) return std::nullopt;
  throw error{
      exit_reason::timeout(),
      fmt::format("process_info: {} {}has not answered for {} ms: it is {}{}{}, with {} messages queued", to_string(of),
                  now.registered_name.empty() ? "" : "(" + now.registered_name + ") ", patience.count(),
                  to_string(now.status), now.current_message.empty() ? "" : ", its current message is ",
                  now.current_message, now.message_queue_len)};
}

// What it is asked
// ----------------------------------------------------------------------------------------------------------

std::size_t control_block::message_queue_len() const noexcept {
  // Below its head the list stays as it is until its owner has taken it, and the owner waits for us before it goes on.
  onlookers_.fetch_add(1);
  std::size_t count = queued();
  for (const envelope* next = slot().inbox.load(); is_list(next); next = next->next) {
    if (next->to == self_.value() && is_message(next->kind())) ++count;
  }
  onlookers_.fetch_sub(1, std::memory_order_release);
  return count;
}

// A function of its own, so that the usual way needs no frame.
[[gnu::noinline, gnu::cold]] void control_block::wait_for_onlookers() const noexcept {
  while (onlookers_.load() != 0) std::this_thread::yield();
}

std::vector<control_block::monitored> control_block::monitors() const {
  std::vector<monitored> found;
  if (extras_ == nullptr) return found;
  found.reserve(extras_->monitors.size());
  extras_->monitors.for_each_in_order([&found](reference, const monitored& target) { found.push_back(target); });
  return found;
}

std::vector<pid> control_block::monitored_by() const {
  std::vector<pid> found;
  if (extras_ == nullptr) return found;
  found.reserve(extras_->watchers.size());
  extras_->watchers.for_each_in_order([&found](reference, pid watcher) { found.push_back(watcher); });
  return found;
}

const std::map<std::string, std::any>* control_block::dictionary_if_any() const noexcept {
  return extras_ != nullptr && !extras_->dictionary.empty() ? &extras_->dictionary : nullptr;
}

std::size_t control_block::memory() const {
  std::size_t sum = sizeof(process_slot);
  if (extras_ != nullptr) {
    sum += sizeof(extras) + extras_->watchers.bytes() + extras_->monitors.bytes();
  }
  if (links_ != nullptr) sum += sizeof(link_map) + links_->bytes();
  if (body_ != nullptr) {
    sum += body_->memory();
    if (!runs_elsewhere() && body_->holds_stack(*this)) sum += running_runtime().engine.resident_stack_bytes();
  }
  for (const envelope* queued = queue_; queued != nullptr; queued = queued->next) {
    sum += envelope::payload_offset(queued->type->alignment) + queued->type->size;
  }
  return sum;
}

}  // namespace detail
}  // namespace coppice
