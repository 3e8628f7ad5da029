#include <new>
#include <stdexcept>

#include <coppice/process/control_block.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/process_runtime.hpp>

namespace coppice {

pid self() {
  return detail::control_block::current().self();
}

void yield() {
  detail::control_block& me = detail::control_block::current();
  me.make_way();
}

bool is_alive(pid process) noexcept {
  auto& table = detail::process_table::instance();
  return table.is_living(process) && table.slot(process).doomed.load(std::memory_order_acquire) != process.value();
}

std::size_t process_count() noexcept {
  return detail::process_table::instance().count();
}

std::vector<pid> processes() {
  return detail::process_table::instance().living();
}

std::vector<pid> ancestors() {
  std::vector<pid> found;
  for (auto next = detail::control_block::current().ancestors(); next != nullptr; next = next->above) {
    found.push_back(next->parent);
  }
  return found;
}

std::map<std::string, std::any>& process_dictionary() {
  return detail::control_block::current().dictionary();
}

namespace detail {

std::map<std::string, std::any>& control_block::dictionary() {
  return more().dictionary;
}

}  // namespace detail

namespace {

class thread_body final : public detail::process_body {
 public:
  turn run(detail::control_block&) override { return turn::ended; }
  bool holds_stack(const detail::control_block&) const noexcept override { return false; }
};

}  // namespace

thread_process::thread_process() {
  auto& runtime = detail::running_runtime();
  if (detail::control_block::current_or_null() != nullptr) {
    throw std::logic_error{"coppice: this thread is a process already; one thread_process at a time is enough"};
  }
  auto& table = detail::process_table::instance();
  const pid own = table.allocate();
  auto& slot = table.slot(own);
  detail::beginning how;
  how.initial_call = "coppice::thread_process";
  how.stack_size = static_cast<std::uint32_t>(runtime.options.stack_size);
  auto* block = ::new (static_cast<void*>(slot.block))
      detail::control_block{own, std::move(how), std::make_unique<thread_body>()};
  block->begin_on_thread();
  slot.inbox.store(detail::inbox_empty, std::memory_order_relaxed);
  slot.life.store(own.value(), std::memory_order_release);
}

thread_process::~thread_process() {
  detail::control_block::current().end_on_thread();
}

}  // namespace coppice
