#include <new>
#include <stdexcept>

#include <coppice/process/control_block.hpp>
#include <coppice/process/process_runtime.hpp>
#include <coppice/process/spawn.hpp>

namespace coppice::detail {

spawned spawn_body(std::unique_ptr<process_body> body, const spawn_options& options, std::string_view initial_call) {
  process_runtime& runtime = running_runtime();
  control_block* parent = control_block::current_or_null();
  if (parent == nullptr && (options.link || options.monitor)) control_block::current();  // throws, saying why
  beginning how;
  if (parent != nullptr) {
    how.ancestors = parent->ancestry_for_children();
    how.observed = parent->observes_children();
    how.entry = parent->child_entry();
  }
  how.initial_call = initial_call;
  how.stack_size = static_cast<std::uint32_t>(options.stack != 0 ? options.stack : runtime.options.stack_size);
  process_table& table = process_table::instance();
  const pid self = table.allocate();
  process_slot& slot = table.slot(self);
  spawned made{self, {}};
  control_block* child = nullptr;
  try {
    child = ::new (static_cast<void*>(slot.block)) control_block{self, std::move(how), std::move(body)};
    if (options.link) parent->begin_linked(*child);
    if (options.monitor) made.ref = parent->begin_monitored(*child);
  } catch (...) {
    if (child != nullptr) {
      parent->forget_unborn(self);
      child->~control_block();
    }
    table.release(self);
    throw;
  }
  slot.inbox.store(inbox_empty, std::memory_order_relaxed);
  slot.life.store(self.value(), std::memory_order_release);
  runtime.engine.wake(*child);
  return made;
}

}  // namespace coppice::detail
