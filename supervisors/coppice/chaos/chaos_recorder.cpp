#include <algorithm>
#include <utility>

#include <coppice/chaos/chaos_recorder.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/timer.hpp>

namespace coppice {

chaos_recorder::listener::~listener() = default;

chaos_recorder::chaos_recorder()
    : journal_{std::make_unique<tree_journal>([this](const tree_event& event) { note(event); })} {}

// The run
// ------------------------------------------------------------------------------------------------------------------

void chaos_recorder::begin(std::string root, std::uint64_t seed, bool is_virtual) {
  const std::lock_guard hold{lock_};
  record_.root = std::move(root);
  record_.seed = seed;
  record_.is_virtual = is_virtual;
  zero_ = monotonic_time();
  starting_.insert_or_assign(self(), record_.root);
}

void chaos_recorder::root_started(pid root) {
  const std::lock_guard hold{lock_};
  announcing_ = pid{};
  starting_.erase(self());
  journal_->root_started(record_.root, root);
}

void chaos_recorder::root_start_failed(const exit_reason& reason) {
  const std::lock_guard hold{lock_};
  starting_.erase(self());
  journal_->root_start_failed(record_.root, reason);
}

void chaos_recorder::end(std::chrono::nanoseconds at_least) {
  const std::lock_guard hold{lock_};
  if (std::exchange(is_over_, true)) return;
  record_.end = std::max(now(), at_least);
}

void chaos_recorder::interrupted() {
  const std::lock_guard hold{lock_};
  record_.interrupted = true;
}

void chaos_recorder::name_of(std::string name, std::string path) {
  const std::lock_guard hold{lock_};
  names_.insert_or_assign(std::move(name), std::move(path));
}

void chaos_recorder::restart_of(std::string path, restart_type restart) {
  const std::lock_guard hold{lock_};
  restarts_of_.insert_or_assign(std::move(path), restart);
}

void chaos_recorder::hit(pid victim, std::string_view path, std::string way, bool cuts, bool at_once,
                         std::optional<std::chrono::nanoseconds> lasting) {
  const std::lock_guard hold{lock_};
  chaos_hit made{now(), std::string{path}, 0, std::move(way), cuts, at_once};
  if (known_process* const known = find(victim)) {
    made.incarnation = record_.lives[known->life].incarnation;
    known->mark = record_.hits.size();
    known->mark_until = lasting ? std::optional{made.time + *lasting} : std::nullopt;
  }
  record_.hits.push_back(std::move(made));
}

void chaos_recorder::hung(pid victim) {
  const std::lock_guard hold{lock_};
  known_process* const known = find(victim);
  if (known == nullptr) return;
  record_.lives[known->life].hung = now();
  known->hangs_of = known->mark;
}

void chaos_recorder::back_from_hang(pid victim) {
  const std::lock_guard hold{lock_};
  known_process* const known = find(victim);
  if (known == nullptr) return;
  chaos_life& life = record_.lives[known->life];
  if (life.hung) life.pauses.push_back({*std::exchange(life.hung, std::nullopt), now()});
  if (known->mark == known->hangs_of) known->mark.reset();
}

void chaos_recorder::call_made(std::string_view path) {
  const std::lock_guard hold{lock_};
  ++record_.traffic[std::string{path}].calls;
}

void chaos_recorder::call_missed(std::string_view path) {
  const std::lock_guard hold{lock_};
  ++record_.traffic[std::string{path}].calls_failed;
}

void chaos_recorder::message_missed(std::string_view path) {
  const std::lock_guard hold{lock_};
  ++record_.traffic[std::string{path}].messages_lost;
}

// What the runtime and the supervisors tell
// ------------------------------------------------------------------------------------------------------------------

void chaos_recorder::process_ended(pid ended, pid parent, const exit_reason& reason) noexcept {
  const std::lock_guard hold{lock_};
  starting_.erase(ended);
  fails_for_.erase(ended);
  if (listener_ != nullptr) listener_->process_gone(ended);
  journal_->process_ended(ended, parent, reason);
}

void chaos_recorder::message_lost(pid to, std::string_view) noexcept {
  const std::lock_guard hold{lock_};
  if (is_over_) return;
  if (chaos_traffic* const of = traffic_of(to)) ++of->messages_lost;
}

void chaos_recorder::call_failed(pid server, std::string_view name, const exit_reason&) noexcept {
  const std::lock_guard hold{lock_};
  if (is_over_) return;
  if (chaos_traffic* const of = traffic_of(server)) {
    ++of->calls_failed;
  } else if (const auto found = names_.find(name); found != names_.end()) {
    ++record_.traffic[found->second].calls_failed;
  }
}

void chaos_recorder::child_starting(std::string_view path, child_type, pid supervisor) noexcept {
  const std::lock_guard hold{lock_};
  starting_.insert_or_assign(supervisor, path);
}

void chaos_recorder::child_started(std::string_view path, child_type type, pid child, pid supervisor) noexcept {
  const std::lock_guard hold{lock_};
  starting_.erase(supervisor);
  announcing_ = supervisor;
  journal_->child_started(path, type, child, supervisor);
}

void chaos_recorder::child_start_failed(std::string_view path, const exit_reason& reason, pid supervisor) noexcept {
  const std::lock_guard hold{lock_};
  starting_.erase(supervisor);
  // One that is itself being started ends those before it for that.
  if (find(supervisor) == nullptr) fails_for_.insert_or_assign(supervisor, cause_of_last_end(path));
  journal_->child_start_failed(path, reason, supervisor);
}

void chaos_recorder::child_ending(std::string_view, pid child, pid supervisor) noexcept {
  const std::lock_guard hold{lock_};
  known_process* const ended = find(child);
  if (ended == nullptr) return;
  if (const known_process* const ends = find(supervisor)) {
    ended->ends_of = cause_of_acts(*ends);
  } else if (const auto fails = fails_for_.find(supervisor); fails != fails_for_.end()) {
    ended->ends_of = fails->second;
  }
}

void chaos_recorder::restarting(std::string_view path, pid supervisor) noexcept {
  const std::lock_guard hold{lock_};
  if (known_process* const acts = find(supervisor)) acts->acts_for = cause_of_last_end(path);
}

void chaos_recorder::restart_limit_reached(std::string_view path, pid supervisor) noexcept {
  const std::lock_guard hold{lock_};
  journal_->restart_limit_reached(path, supervisor);
}

void chaos_recorder::supervisor_stopping(std::string_view, pid supervisor) noexcept {
  const std::lock_guard hold{lock_};
  known_process* const stops = find(supervisor);
  if (stops == nullptr || stops->ends_of) return;
  // One that was left by its own supervisor ends its children in order, for what that ended of.
  const known_process* const above = find(stops->supervisor);
  if (above != nullptr && record_.lives[above->life].end) stops->ends_of = record_.lives[above->life].cause;
}

// What it makes of it
// ------------------------------------------------------------------------------------------------------------------

void chaos_recorder::note(const tree_event& event) {
  const auto time = event.time - zero_;
  ++changes_;
  switch (event.what) {
    case tree_event::kind::started: {
      processes_.insert_or_assign(event.process, known_process{record_.lives.size(), announcing_, {}, {}, {}, {}, {}});
      chaos_life life;
      life.path = event.path;
      life.type = event.type;
      life.incarnation = event.incarnation;
      life.process = event.process;
      life.begin = time;
      if (const auto found = restarts_of_.find(event.path); found != restarts_of_.end()) life.restart = found->second;
      record_.lives.push_back(std::move(life));
      if (event.incarnation > 1) ++restarts_;
      if (listener_ != nullptr) listener_->life_began(event);
      break;
    }
    case tree_event::kind::exited: {
      known_process& known = processes_.find(event.process)->second;
      chaos_life& life = record_.lives[known.life];
      life.end = time;
      life.reason = event.reason;
      life.shut_down = is_over_;
      if (!is_over_) {
        if (known.ends_of) {
          // What it was told to end for comes later than what it had survived.
          life.cause = known.ends_of;
        } else {
          const auto mark = mark_of(known);
          life.cause = mark;
          // One that was left by a supervisor which did not end it ends of that, unless it was hit since.
          const known_process* const supervisor = find(known.supervisor);
          if (supervisor != nullptr && record_.lives[supervisor->life].end) {
            life.cause = std::max(mark, record_.lives[supervisor->life].cause);
          }
          // It has ended of that, be it of an allocation that failed: so others that go down with it go down of a cut.
          if (mark && life.cause == mark) record_.hits[*mark].cuts = true;
        }
      }
      last_cause_.insert_or_assign(event.path, life.cause);
      if (listener_ != nullptr) listener_->life_ended(event);
      break;
    }
    case tree_event::kind::start_failed:
      if (!is_over_) record_.start_failures.push_back({time, event.path, event.reason});
      break;
    case tree_event::kind::restart_limit: {
      std::optional<std::size_t> cause;
      if (known_process* const gives_up = find(event.process)) {
        cause = last_cause_below(event.path);
        gives_up->ends_of = cause;
        gives_up->acts_for = cause;
      }
      record_.give_ups.push_back({time, event.path, cause});
      break;
    }
  }
}

std::optional<std::size_t> chaos_recorder::cause_of_last_end(std::string_view path) const {
  const auto found = last_cause_.find(path);
  return found != last_cause_.end() ? found->second : std::nullopt;
}

// The end that was one too many is that of the last hit among the supervisor's children.
std::optional<std::size_t> chaos_recorder::last_cause_below(const std::string& path) const {
  const std::string above = path + "/";
  std::optional<std::size_t> latest;
  for (auto each = last_cause_.lower_bound(above); each != last_cause_.end() && each->first.starts_with(above);
       ++each) {
    if (each->first.find('/', above.size()) == std::string::npos) latest = std::max(latest, each->second);
  }
  return latest;
}

// Why a supervisor ends a child: for its own end, or for the restart that it is busy with, whichever began later.
std::optional<std::size_t> chaos_recorder::cause_of_acts(const known_process& supervisor) const {
  return supervisor.ends_of ? supervisor.ends_of : std::max(mark_of(supervisor), supervisor.acts_for);
}

// The last hit on it, unless that has no effect any more.
std::optional<std::size_t> chaos_recorder::mark_of(const known_process& process) const {
  const bool is_over = process.mark_until && now() > *process.mark_until;
  return is_over ? std::nullopt : process.mark;
}

chaos_recorder::known_process* chaos_recorder::find(pid process) {
  const auto found = processes_.find(process);
  return found != processes_.end() ? &found->second : nullptr;
}

std::optional<std::string> chaos_recorder::path_of(pid process, pid parent) const {
  const std::lock_guard hold{lock_};
  if (const auto found = processes_.find(process); found != processes_.end())
    return record_.lives[found->second.life].path;
  if (const auto found = starting_.find(parent); found != starting_.end()) return found->second;
  return std::nullopt;
}

chaos_traffic* chaos_recorder::traffic_of(pid process) {
  const known_process* const known = find(process);
  // What is sent to supervisors is their clients' business, not the workers'.
  if (known == nullptr || record_.lives[known->life].type == child_type::supervisor) return nullptr;
  return &record_.traffic[record_.lives[known->life].path];
}

std::size_t chaos_recorder::restarts() const noexcept {
  const std::lock_guard hold{lock_};
  return restarts_;
}

std::size_t chaos_recorder::hits() const noexcept {
  const std::lock_guard hold{lock_};
  return record_.hits.size();
}

std::size_t chaos_recorder::changes() const noexcept {
  const std::lock_guard hold{lock_};
  return changes_;
}

std::chrono::nanoseconds chaos_recorder::now() const {
  return monotonic_time() - zero_;
}

}  // namespace coppice
