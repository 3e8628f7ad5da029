#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include <coppice/process/caught.hpp>
#include <coppice/process/control_block.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/log.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/timer.hpp>
#include <coppice/supervision/inherited_observer.hpp>
#include <coppice/supervision/supervisor_server.hpp>

namespace coppice::detail {

namespace {

std::optional<std::chrono::milliseconds> limit_of(shutdown_time shutdown) {
  if (shutdown.is_infinity() || shutdown.is_brutal_kill()) return std::nullopt;
  // A limit that the clock's nanoseconds cannot hold is none.
  constexpr auto a_century = std::chrono::hours{24} * 36525;
  if (shutdown.limit() > a_century) return std::nullopt;
  return shutdown.limit();
}

// Whether a child that was told to end ended as it should (S91).
bool is_expected_end(shutdown_time shutdown, restart_type restart, const exit_reason& reason) {
  if (shutdown.is_brutal_kill() ? reason == exit_reason::killed() : reason == exit_reason::shutdown()) return true;
  return restart != restart_type::permanent && reason.is_normal_end();
}

// What is to be called soon lies elsewhere, as a rule: at an address that comes first in a std::function of GCC's.
// Where it does not, this fetches something else, and does no harm.
void fetch_early(const start_function& called) noexcept {
  const void* const first = &called;
  std::uintptr_t at = 0;
  std::memcpy(&at, first, sizeof at);
  __builtin_prefetch(reinterpret_cast<const void*>(at));
  __builtin_prefetch(reinterpret_cast<const void*>(at + 64));
}

// What a start function throws is a failed start, as is a success without a process (S84).
start_result call_start(const start_function& start) {
  try {
    start_result result = start();
    if (!result || result.process()) return result;
    return start_result::failed(exit_reason::tuple({exit_reason{"ok"}, exit_reason{"undefined"}}));
  } catch (...) {
    rethrow_unwinding();
    return start_result::failed(reason_of_caught());
  }
}

}  // namespace

// Reports
// -------------------------------------------------------------------------------------------------------------------

// Restarts are frequent in the worst of times: their reports are made up only where they go somewhere.
template <class Text>
void supervisor_server::say(const Text& what) const {
  if (!is_logged(log_level::error)) return;
  report(log_level::error, self(),
         path_.empty() ? "supervisor: " + what() : fmt::format("supervisor {}: {}", path_, what()));
}

void supervisor_server::log_start_failure(const child& failed, const exit_reason& reason) const {
  say([&] { return fmt::format("child \"{}\" did not start: {}", failed.id, reason.to_string()); });
}

// Starting
// ------------------------------------------------------------------------------------------------------------------

supervisor_server::supervisor_server(supervisor_init init)
    : flags_{init.flags},
      path_{std::move(init.path)},
      observer_{std::move(init.observer)},
      budget_{init.flags.max_restarts, init.flags.max_seconds} {
  process_flag(trap_exit, true);
  become_custodian(init.children.size());
  if (flags_.max_seconds.count() <= 0) {
    exit(exit_reason::tuple({exit_reason{"supervisor_data"},
                             exit_reason::tuple({exit_reason{"invalid_period"},
                                                 exit_reason{std::to_string(flags_.max_seconds.count())}})}));
  }
  if (observer_ != nullptr) observer_->supervisor_starting(path_, flags_, init.children, self());
  ids_.reserve(init.children.size());
  processes_.reserve(init.children.size());
  for (auto& spec : init.children) {
    std::optional<exit_reason> fault = check_child_spec(spec, flags_.auto_shutdown);
    if (!fault) {
      auto made = std::make_unique<child>(std::move(spec));
      if (add(made)) continue;
      fault = exit_reason::tuple({exit_reason{"duplicate_child_name"}, exit_reason{made->id}});
    }
    exit(exit_reason::tuple({exit_reason{"start_spec"}, *fault}));
  }
  child* failed = nullptr;
  exit_reason reason;
  try {
    if (start_all(children_.begin(), &failed, reason)) return;
  } catch (...) {
    rethrow_unwinding();
    // Not of a child, which is a failed start: those that have started are ended in order none the less.
    if (observer_ != nullptr) observer_->supervisor_stopping(path_, self());
    terminate_all(children_.begin());
    throw;
  }
  log_start_failure(*failed, reason);
  auto why =
      exit_reason::tuple({exit_reason::shutdown(),
                          exit_reason::tuple({exit_reason{"failed_to_start_child"}, exit_reason{failed->id}, reason})});
  if (observer_ != nullptr) observer_->supervisor_stopping(path_, self());
  terminate_all(children_.begin());
  exit(std::move(why));
}

bool supervisor_server::start_all(children::iterator first, child** failed, exit_reason& reason) {
  for (auto each = first; each != children_.end();) {
    child& next = *each++;
    const start_result result = start(next);
    if (result.is_failed()) {
      *failed = &next;
      reason = result.error();
      return false;
    }
    // Nothing is known of a temporary child that does not run (S86).
    if (result.is_ignored() && next.restart == restart_type::temporary) remove(next);
  }
  return true;
}

start_result supervisor_server::start(child& started) {
  come_to(fault_point::child_starts, started);
  if (observer_ != nullptr) observer_->child_starting(path_of(started.id), started.type, self());
  std::optional<inheritance> bequeathed;
  if (observer_ != nullptr && started.type == child_type::supervisor) {
    bequeathed.emplace(path_of(started.id), observer_);
  }
  child_is_kept_at(&started.process);
  start_result result = call_start(started.start);
  child_is_kept_at(nullptr);
  bequeathed.reset();
  set_restarting(started, false);
  if (result) {
    set_process(started, result.process());
    if (observer_ != nullptr) observer_->child_started(path_of(started.id), started.type, result.process(), self());
    come_to(fault_point::child_started, started);
  } else if (result.is_failed() && observer_ != nullptr) {
    observer_->child_start_failed(path_of(started.id), result.error(), self());
  }
  return result;
}

// Ending
// --------------------------------------------------------------------------------------------------------------------

void supervisor_server::terminate(const exit_reason&) {
  if (observer_ != nullptr) observer_->supervisor_stopping(path_, self());
  terminate_all(children_.begin());
}

void supervisor_server::terminate_all(children::iterator first) {
  auto each = children_.end();
  const bool is_all = first == children_.begin();
  bool are_marked = is_all;  // mostly nobody asks
  const auto is_of_group = [&](pid ended) {
    if (!std::exchange(are_marked, true)) std::for_each(first, each, [](child& marked) { marked.in_group = true; });
    const child* const of = find(ended);
    return of != nullptr && (is_all || of->in_group);
  };
  early_ends early{std::cref(is_of_group)};
  while (each != first) {
    child& last = *--each;
    const bool is_first = each == first;
    end_child(last, &early);
    last.in_group = false;
    set_restarting(last, false);
    if (last.restart == restart_type::temporary) {
      // It is not started again, so it is forgotten (S100).
      auto after = std::next(each);
      remove(last);
      each = after;
      if (is_first) return;
    }
  }
}

void supervisor_server::end_child(child& ended, early_ends* early) {
  if (!ended.process) return;
  come_to(fault_point::child_ends, ended);
  const pid process = ended.process;
  if (observer_ != nullptr) observer_->child_ending(path_of(ended.id), process, self());
  const exit_reason reason =
      end_process(process, ended.shutdown.is_brutal_kill() ? exit_reason::kill() : exit_reason::shutdown(),
                  limit_of(ended.shutdown), early);
  set_process(ended, pid{});
  if (!is_expected_end(ended.shutdown, ended.restart, reason)) {
    say([&] {
      return fmt::format("child \"{}\" {} ended with {} when it was told to shut down", ended.id, to_string(process),
                         reason.to_string());
    });
  }
  // A supervisor that was killed has ended none of its children. They are ending now, by their links; nothing may be
  // started in their place before they are gone.
  await_orphans_of(process);
  come_to(fault_point::child_ended, ended);
}

// Its children get its exit signal by their links. OTP lets them take for ever then; here somebody waits for them, so a
// worker has as long as it would have had, or, if it was to be killed at once, as a worker has that was not told. A
// supervisor ends its children now, and each of them has its time.
supervisor_server::bequest::~bequest() {
  leave_orphans([this](pid left) -> std::optional<time_to_end> {
    const child* known = of_.find(left);
    if (known == nullptr) return std::nullopt;
    if (known->type == child_type::supervisor) return time_to_end{};
    return time_to_end{known->shutdown.is_brutal_kill() ? default_time_to_end : limit_of(known->shutdown)};
  });
}

// Restarting
// ----------------------------------------------------------------------------------------------------------------

template <class Text>
supervisor_server::restart_outcome supervisor_server::restart(child& ended, const Text& what) {
  if (!budget_.spend(std::chrono::floor<std::chrono::seconds>(monotonic_time()))) {
    say([&] {
      return fmt::format(
          "{}; gave up: one more restart would be more than {} within {} s (max_restarts, max_seconds). Stopping "
          "children, then exiting with `shutdown`",
          what(), flags_.max_restarts, flags_.max_seconds.count());
    });
    if (observer_ != nullptr) observer_->restart_limit_reached(path_, self());
    set_restarting(ended, false);
    forget_or_keep(ended);
    return restart_outcome::give_up;
  }
  say([&] {
    return fmt::format("{}. Restart {} of {} within {} s", what(), budget_.spent(), flags_.max_restarts,
                       flags_.max_seconds.count());
  });
  if (observer_ != nullptr) observer_->restarting(path_of(ended.id), self());
  switch (flags_.strategy) {
    case strategy::one_for_one: {
      const start_result result = start(ended);
      if (result.is_failed()) {
        log_start_failure(ended, result.error());
        try_again(ended);
      }
      break;
    }
    case strategy::rest_for_one: restart_group(children_.iterator_to(ended), ended); break;
    case strategy::one_for_all: restart_group(children_.begin(), ended); break;
  }
  return restart_outcome::done;
}

void supervisor_server::fetch_what_is_known_of(pid ended) const noexcept {
  if (const auto found = processes_.find(ended); found != processes_.end()) fetch_early((*found)->start);
}

void supervisor_server::handle(exit_signal ended) {
  // Of a child that was removed meanwhile, or of somebody else: ignored (S92).
  child* of = find(ended.sender);
  if (of == nullptr) return;
  set_process(*of, pid{});
  await_orphans_of(ended.sender);
  child_ended(*of, ended.sender, ended.reason);
}

void supervisor_server::child_ended(child& ended, pid process, const exit_reason& reason) {
  const bool restarts =
      ended.restart == restart_type::permanent || (ended.restart == restart_type::transient && !reason.is_normal_end());
  const auto what = [&] {
    return fmt::format("child \"{}\" {} exited: {}", ended.id, to_string(process), reason.to_string());
  };
  if (restarts) {
    if (restart(ended, what) == restart_outcome::give_up) stop(exit_reason::shutdown());
    return;
  }
  if (!reason.is_normal_end()) say([&] { return what() + ". It is temporary: not restarted"; });
  const bool significant = ended.significant;
  forget_or_keep(ended);
  shut_down_if_significant(significant);
}

void supervisor_server::forget_or_keep(child& ended) {
  if (ended.restart == restart_type::temporary) remove(ended);
}

void supervisor_server::shut_down_if_significant(bool was_significant) {
  if (!was_significant) return;
  switch (flags_.auto_shutdown) {
    case auto_shutdown::never: return;
    case auto_shutdown::any_significant: break;
    case auto_shutdown::all_significant:
      if (significant_left_ != 0) return;
      break;
  }
  stop(exit_reason::shutdown());
}

void supervisor_server::restart_group(children::iterator first, child& ended) {
  set_restarting(ended, false);
  // The first may be a temporary child, which goes with its group: what stands before it stays.
  const bool from_start = first == children_.begin();
  const auto before = from_start ? children_.end() : std::prev(first);
  terminate_all(first);
  child* failed = nullptr;
  exit_reason reason;
  if (start_all(from_start ? children_.begin() : std::next(before), &failed, reason)) return;
  log_start_failure(*failed, reason);
  try_again(*failed);
}

void supervisor_server::try_again(child& failed) {
  set_restarting(failed, true);
  cast(self(), try_again_restart{failed.id});
}

void supervisor_server::handle(const try_again_restart& request) {
  child* failed = find(request.id);
  // It may have been terminated, or deleted, since.
  if (failed == nullptr || !failed->restarting) return;
  const auto what = [failed] { return fmt::format("child \"{}\" is tried again", failed->id); };
  if (restart(*failed, what) == restart_outcome::give_up) {
    stop(exit_reason::shutdown());
  }
}

// Requests
// ------------------------------------------------------------------------------------------------------------------

child_result supervisor_server::handle(start_child_request&& request) {
  if (const auto fault = check_child_spec(request.spec, flags_.auto_shutdown)) {
    const auto parts = fault->elements();
    const bool combination = !parts.empty() && parts[0] == exit_reason{"bad_combination"};
    return child_result::refused(combination ? child_error::bad_combination : child_error::bad_spec, *fault);
  }
  if (const child* known = find(request.spec.id)) {
    if (known->process) return child_result::refused(child_error::already_started, {}, known->process);
    return child_result::refused(child_error::already_present);
  }
  // Who is told has to be before the spec is taken apart.
  if (observer_ != nullptr) observer_->child_added(path_of(request.spec.id), request.spec, self());
  auto made = std::make_unique<child>(std::move(request.spec));
  child& added = *made;
  add(made);
  const start_result result = start(added);
  if (result.is_failed()) {
    remove(added);
    return child_result::refused(child_error::start_failed, result.error());
  }
  if (result) return child_result::started(result.process());
  if (added.restart == restart_type::temporary) remove(added);
  return child_result::ignored();
}

std::optional<child_error> supervisor_server::handle(const terminate_child_request& request) {
  child* found = find(request.id);
  if (found == nullptr) return child_error::not_found;
  if (observer_ != nullptr) observer_->child_terminating(path_of(found->id), self());
  end_child(*found);
  set_restarting(*found, false);
  forget_or_keep(*found);
  return std::nullopt;
}

child_result supervisor_server::handle(const restart_child_request& request) {
  child* found = find(request.id);
  if (found == nullptr) return child_result::refused(child_error::not_found);
  if (found->process) return child_result::refused(child_error::running, {}, found->process);
  if (found->restarting) return child_result::refused(child_error::restarting);
  const start_result result = start(*found);
  if (result.is_failed()) return child_result::refused(child_error::start_failed, result.error());
  return result ? child_result::started(result.process()) : child_result::ignored();
}

std::optional<child_error> supervisor_server::handle(const delete_child_request& request) {
  child* found = find(request.id);
  if (found == nullptr) return child_error::not_found;
  if (found->process) return child_error::running;
  if (found->restarting) return child_error::restarting;
  if (observer_ != nullptr) observer_->child_deleted(path_of(found->id), self());
  remove(*found);
  return std::nullopt;
}

std::vector<child_info> supervisor_server::handle(which_children_request) const {
  std::vector<child_info> listed;
  listed.reserve(children_.size());
  for (auto each = children_.rbegin(); each != children_.rend(); ++each) {
    const auto status = each->process      ? child_info::state::running
                        : each->restarting ? child_info::state::restarting
                                           : child_info::state::undefined;
    listed.push_back({each->id, each->process, each->type, status});
  }
  return listed;
}

child_counts supervisor_server::handle(count_children_request) const {
  child_counts counts;
  for (const child& each : children_) {
    ++counts.specs;
    if (each.process && is_alive(each.process)) ++counts.active;
    ++(each.type == child_type::supervisor ? counts.supervisors : counts.workers);
  }
  return counts;
}

void supervisor_server::handle_info(message& unknown) {
  report(log_level::warning, self(), "got a message that it does not know, and dropped it: " + unknown.text());
}

// The children
// --------------------------------------------------------------------------------------------------------------

supervisor_server::child* supervisor_server::find(std::string_view id) {
  const auto found = ids_.find(id);
  return found != ids_.end() ? *found : nullptr;
}

supervisor_server::child* supervisor_server::find(pid process) {
  const auto found = processes_.find(process);
  return found != processes_.end() ? *found : nullptr;
}

bool supervisor_server::add(std::unique_ptr<child>& made) {
  if (!ids_.insert(made.get()).second) return false;
  children_.push_back(*made.release());
  return true;
}

void supervisor_server::remove(child& gone) {
  set_process(gone, pid{});
  set_restarting(gone, false);
  ids_.erase(&gone);
  children_.erase_and_dispose(children_.iterator_to(gone), std::default_delete<child>{});
  shrink_if_sparse(ids_);
  shrink_if_sparse(processes_);
}

void supervisor_server::set_process(child& of, pid process) {
  significant_left_ -= is_significant_left(of);
  if (of.process) processes_.erase(of.process);
  of.process = process;
  significant_left_ += is_significant_left(of);
  if (process) processes_.insert(&of);
}

void supervisor_server::set_restarting(child& of, bool yes) noexcept {
  significant_left_ -= is_significant_left(of);
  of.restarting = yes;
  significant_left_ += is_significant_left(of);
}

bool supervisor_server::is_significant_left(const child& of) noexcept {
  return of.significant && (of.process || of.restarting);
}

void supervisor_server::come_to(fault_point point, const child& of) {
  control_block::current().at(point, of.id);
}

std::string supervisor_server::path_of(const std::string& id) const {
  return path_.empty() ? id : path_ + "/" + id;
}

}  // namespace coppice::detail
