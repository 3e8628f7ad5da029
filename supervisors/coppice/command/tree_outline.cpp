#include <charconv>
#include <limits>

#include <coppice/command/tree_outline.hpp>

namespace coppice::command {

namespace {

// The number of a replica: 7 of `calc-7` for the worker `calc`. Without `count`: 1 for the bare id.
std::optional<std::uint32_t> replica_number(const worker_spec& of, std::string_view id) {
  if (!of.count) return id == of.id ? std::optional{1U} : std::nullopt;
  if (!id.starts_with(of.id) || id.size() < of.id.size() + 2 || id[of.id.size()] != '-') return std::nullopt;
  std::uint32_t number = 0;
  const auto [end, fault] = std::from_chars(id.data() + of.id.size() + 1, id.data() + id.size(), number);
  const bool is_one = fault == std::errc{} && end == id.data() + id.size() && number >= 1 && number <= *of.count;
  return is_one ? std::optional{number} : std::nullopt;
}

std::optional<outlined> find_child(const supervisor_spec& of, std::string_view id) {
  std::uint64_t before = 0;
  for (const auto& each : of.children) {
    if (const auto* inner = each.if_supervisor()) {
      if (inner->id == id) return outlined{inner, nullptr, before};
    } else if (const auto number = replica_number(*each.if_worker(), id)) {
      return outlined{nullptr, each.if_worker(), before + *number - 1};
    }
    before += each.processes();
  }
  return std::nullopt;
}

}  // namespace

shutdown_time outlined::shutdown(bool is_root) const noexcept {
  if (worker != nullptr) return worker->shutdown;
  return is_root ? shutdown_time::default_of(child_type::supervisor) : supervisor->shutdown;
}

std::optional<outlined> find_in_tree(const supervisor_spec& root, std::string_view path) {
  if (!path.starts_with(root.id)) return std::nullopt;
  path.remove_prefix(root.id.size());
  outlined found{&root, nullptr, 0};
  while (!path.empty()) {
    if (path.front() != '/' || found.supervisor == nullptr) return std::nullopt;
    path.remove_prefix(1);
    const std::string_view id = path.substr(0, path.find('/'));
    const auto next = find_child(*found.supervisor, id);
    if (!next) return std::nullopt;
    found = *next;
    path.remove_prefix(id.size());
  }
  return found;
}

std::string waited_for(const supervisor_spec& root,
                       const std::map<std::string, tree_journal::life, std::less<>>& living) {
  std::string path = living.contains(root.id) ? root.id : living.begin()->first;
  for (;;) {
    std::string_view last;
    std::uint64_t last_place = 0;
    const std::string below = path + '/';
    for (auto each = living.lower_bound(below); each != living.end() && each->first.starts_with(below); ++each) {
      if (each->first.find('/', below.size()) != std::string::npos) continue;
      const auto known = find_in_tree(root, each->first);
      // What was added later was started last.
      const std::uint64_t place = known ? known->place : std::numeric_limits<std::uint64_t>::max();
      if (last.empty() || place >= last_place) {
        last = each->first;
        last_place = place;
      }
    }
    if (last.empty()) return path;
    path = last;
  }
}

}  // namespace coppice::command
