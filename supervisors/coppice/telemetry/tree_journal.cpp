#include <algorithm>

#include <coppice/process/timer.hpp>
#include <coppice/telemetry/tree_journal.hpp>

namespace coppice {

tree_journal::tree_journal(std::function<void(const tree_event&)> sink) : sink_{std::move(sink)} {}

void tree_journal::root_started(std::string_view path, pid root) {
  const std::lock_guard hold{lock_};
  started(path, child_type::supervisor, root);
  // The root was not spawned by a supervisor; its end is told all the same, for it is a supervisor's own process.
  if (const auto early = take_early_end(root, pid{})) ended(root, *early);
}

void tree_journal::root_start_failed(std::string_view path, const exit_reason& reason) {
  const std::lock_guard hold{lock_};
  tell({tree_event::kind::start_failed, std::string{path}, 0, reason, {}, child_type::supervisor});
}

std::optional<tree_journal::life> tree_journal::find(std::string_view path) const {
  const std::lock_guard hold{lock_};
  const auto found = living_.find(path);
  return found != living_.end() ? std::optional{found->second} : std::nullopt;
}

std::map<std::string, tree_journal::life, std::less<>> tree_journal::living() const {
  const std::lock_guard hold{lock_};
  return living_;
}

std::size_t tree_journal::size() const {
  const std::lock_guard hold{lock_};
  return living_.size();
}

void tree_journal::process_ended(pid process, pid parent, const exit_reason& reason) noexcept {
  const std::lock_guard hold{lock_};
  if (paths_.contains(process)) {
    ended(process, reason);
    return;
  }
  // Either its start has failed, or its supervisor has not come to say that it succeeded.
  std::erase_if(early_, [process](const early_end& each) { return each.parent == process; });
  early_.push_back({process, parent, reason});
}

void tree_journal::child_started(std::string_view path, child_type type, pid child, pid supervisor) noexcept {
  const std::lock_guard hold{lock_};
  started(path, type, child);
  if (const auto early = take_early_end(child, supervisor)) ended(child, *early);
}

void tree_journal::child_start_failed(std::string_view path, const exit_reason& reason, pid supervisor) noexcept {
  const std::lock_guard hold{lock_};
  take_early_end(pid{}, supervisor);
  tell({tree_event::kind::start_failed, std::string{path}, 0, reason, {}, child_type::worker});
}

void tree_journal::restart_limit_reached(std::string_view path, pid supervisor) noexcept {
  const std::lock_guard hold{lock_};
  tell({tree_event::kind::restart_limit, std::string{path}, 0, {}, supervisor, child_type::supervisor});
}

void tree_journal::started(std::string_view path, child_type type, pid process) {
  std::uint64_t& count = incarnations_.try_emplace(std::string{path}, 0).first->second;
  ++count;
  const life begun{process, count, type};
  living_.insert_or_assign(std::string{path}, begun);
  paths_.try_emplace(process, path, begun);
  tell({tree_event::kind::started, std::string{path}, count, {}, process, type});
}

void tree_journal::ended(pid process, const exit_reason& reason) {
  const auto found = paths_.find(process);
  auto [path, last] = std::move(found->second);
  paths_.erase(found);
  std::erase_if(early_, [process](const early_end& each) { return each.parent == process; });
  const auto lived = living_.find(path);
  // The path has a new holder already when the old one had unlinked itself from its supervisor and went on without it.
  if (lived != living_.end() && lived->second.process == process) living_.erase(lived);
  tell({tree_event::kind::exited, std::move(path), last.incarnation, reason, process, last.type});
}

void tree_journal::tell(tree_event event) {
  event.time = monotonic_time();
  if (sink_) sink_(event);
}

// What one supervisor starts, it starts one after the other: with its next word, older ends are of failed starts.
std::optional<exit_reason> tree_journal::take_early_end(pid process, pid supervisor) {
  std::optional<exit_reason> found;
  std::erase_if(early_, [&](const early_end& each) {
    if (each.process == process) found = each.reason;
    return each.process == process || (supervisor && each.parent == supervisor);
  });
  return found;
}

}  // namespace coppice
