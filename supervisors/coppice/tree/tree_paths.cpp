#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

#include <fmt/format.h>

#include <coppice/process/suggestion.hpp>
#include <coppice/tree/chaos_plan.hpp>
#include <coppice/tree/path_pattern.hpp>
#include <coppice/tree/tree_paths.hpp>
#include <coppice/tree/tree_spec.hpp>

namespace coppice::detail {

namespace {

std::string_view last_element(std::string_view pattern) {
  const std::size_t slash = pattern.rfind('/');
  return slash == std::string_view::npos ? pattern : pattern.substr(slash + 1);
}

std::optional<std::uint32_t> replica_number(std::string_view id) {
  const std::size_t dash = id.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(id.data() + dash + 1, id.data() + id.size(), number);
  if (error != std::errc{} || end != id.data() + id.size()) return std::nullopt;
  return number;
}

struct numbers {
  std::uint32_t first = 1;
  std::uint32_t last = 0;
};

// Which replicas of a worker a pattern can mean at all. A worker may have ten million: what is certain without a look
// at each of them is found here.
numbers candidates(std::string_view pattern, const worker_spec& worker) {
  const std::uint32_t count = worker.processes();
  const std::string_view last = last_element(pattern);
  if (last == "**" || !worker.count) return {1, count};
  const std::size_t star = last.find('*');
  if (star == std::string_view::npos) {
    const auto number = replica_number(last);
    if (!number || *number < 1 || *number > count) return {};
    return {*number, *number};
  }
  const std::string ids = worker.id + '-';
  const std::size_t common = std::min(star, ids.size());
  const char ending = last.back();
  const bool can_end = ending == '*' || (ending >= '0' && ending <= '9');
  if (ids.compare(0, common, last, 0, common) != 0 || !can_end) return {};
  return {1, count};
}

class walk {
 public:
  walk(const chaos_victims& victims, const std::function<bool(const std::string&, const worker_spec*)>& visit)
      : victims_{victims}, visit_{visit} {}

  // False when the visitor has seen enough.
  bool supervisor(const supervisor_spec& one, const std::string& path) {
    if (matches(victims_, path, true) && !visit_(path, nullptr)) return false;
    const auto reaches = [&path](const std::string& pattern) { return may_match_below(pattern, path); };
    if (!victims_.paths.empty() && std::none_of(victims_.paths.begin(), victims_.paths.end(), reaches)) return true;
    return std::all_of(one.children.begin(), one.children.end(), [&](const tree_child& child) {
      const std::string below = path + '/';
      const auto* inner = child.if_supervisor();
      return inner != nullptr ? supervisor(*inner, below + inner->id) : worker(*child.if_worker(), below);
    });
  }

 private:
  bool worker(const worker_spec& one, const std::string& above) {
    if (victims_.of == chaos_victims::kind::supervisor) return true;
    if (victims_.paths.empty()) return first_of(one, above, {1, one.processes()}).value_or(true);
    for (const std::string& pattern : victims_.paths) {
      if (const auto goes_on = first_of(one, above, candidates(pattern, one))) return *goes_on;
    }
    return true;
  }

  // What the visitor says of the first victim among those replicas; empty if there is none.
  std::optional<bool> first_of(const worker_spec& one, const std::string& above, numbers among) {
    for (std::uint32_t number = among.first; number <= among.last; ++number) {
      const std::string path = above + one.replica_id(number);
      if (matches(victims_, path, false)) return visit_(path, &one);
    }
    return std::nullopt;
  }

  const chaos_victims& victims_;
  const std::function<bool(const std::string&, const worker_spec*)>& visit_;
};

// An entry of the tree as a text: the path of its first process, and for replicas that of the last.
struct entry {
  std::string path;
  const worker_spec* worker;
};

// The first of them in start order: enough for advice.
void collect(const supervisor_spec& one, const std::string& path, std::size_t most, std::vector<entry>& into) {
  if (into.size() == most) return;
  into.push_back({path, nullptr});
  for (const tree_child& child : one.children) {
    if (into.size() == most) return;
    if (const auto* inner = child.if_supervisor()) {
      collect(*inner, path + '/' + inner->id, most, into);
    } else {
      into.push_back({path + '/' + child.if_worker()->replica_id(1), child.if_worker()});
    }
  }
}

std::uint64_t entries_of(const supervisor_spec& one) {
  std::uint64_t number = 1;
  for (const tree_child& child : one.children) {
    const auto* inner = child.if_supervisor();
    number += inner == nullptr ? 1 : entries_of(*inner);
  }
  return number;
}

}  // namespace

void visit_victims(const supervisor_spec& root, const chaos_victims& victims,
                   const std::function<bool(const std::string& path, const worker_spec* worker)>& visit) {
  walk{victims, visit}.supervisor(root, root.id);
}

std::optional<std::string> first_victim(const supervisor_spec& root, const chaos_victims& victims) {
  std::optional<std::string> found;
  visit_victims(root, victims, [&found](const std::string& path, const worker_spec* /*worker*/) {
    found = path;
    return false;
  });
  return found;
}

std::string paths_told(const supervisor_spec& root) {
  constexpr std::size_t shown = 10;
  std::vector<entry> entries;
  collect(root, root.id, shown, entries);
  std::string text;
  for (const entry& one : entries) {
    text += (text.empty() ? "" : ", ") + one.path;
    if (one.worker != nullptr && one.worker->processes() > 1) {
      text += fmt::format(" to {}", one.worker->replica_id(*one.worker->count));
    }
  }
  if (const auto all = entries_of(root); all > shown) text += fmt::format(" and {} more", all - shown);
  return fmt::format("There are: {}.", text);
}

std::optional<std::string> pattern_meant(const supervisor_spec& root, std::string_view pattern) {
  constexpr std::size_t looked_at = 1000;
  std::vector<entry> entries;
  collect(root, root.id, looked_at, entries);
  const std::string_view last = last_element(pattern);
  const auto number = replica_number(last);
  std::vector<std::string> known;
  for (const entry& one : entries) {
    if (last.find('*') == std::string_view::npos) {
      // The replica of that number was meant, or the one that comes nearest to it, rather than the first.
      const bool is_numbered = one.worker != nullptr && one.worker->count && number;
      const std::string above = one.path.substr(0, one.path.rfind('/') + 1);
      known.push_back(is_numbered ? above + one.worker->replica_id(std::clamp(*number, 1U, *one.worker->count))
                                  : one.path);
    } else if (one.worker == nullptr) {
      const std::string candidate = one.path + '/' + std::string{last};
      if (first_victim(root, {{candidate}, {}, chaos_victims::kind::any})) known.push_back(candidate);
    }
  }
  const std::vector<std::string_view> words{known.begin(), known.end()};
  const auto meant = closest(pattern, words);
  if (!meant) return std::nullopt;
  return std::string{*meant};
}

}  // namespace coppice::detail
