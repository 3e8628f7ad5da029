#include <algorithm>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <coppice/process/control_block.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/registry.hpp>

namespace coppice {

namespace {

// What is looked for: hashed once, before any lock is taken.
struct wanted {
  explicit wanted(std::string_view of) noexcept : name{of}, hash{std::hash<std::string_view>{}(of)} {}
  std::string_view name;
  std::size_t hash;
};

// A name and who has it: in both tables.
struct holding {
  std::string name;
  std::size_t hash;
  pid holder;
};

using owned_holding = std::unique_ptr<holding>;

struct name_hash {
  using is_transparent = void;
  std::size_t operator()(const wanted& name) const noexcept { return name.hash; }
  std::size_t operator()(const holding* of) const noexcept { return of->hash; }
  std::size_t operator()(const owned_holding& of) const noexcept { return of->hash; }
};
struct same_name {
  using is_transparent = void;
  bool operator()(const owned_holding& left, const owned_holding& right) const noexcept {
    return left->name == right->name;
  }
  bool operator()(const wanted& left, const owned_holding& right) const noexcept { return left.name == right->name; }
  bool operator()(const owned_holding& left, const wanted& right) const noexcept { return left->name == right.name; }
  bool operator()(const holding* left, const owned_holding& right) const noexcept { return left == right.get(); }
  bool operator()(const owned_holding& left, const holding* right) const noexcept { return left.get() == right; }
};

struct names {
  std::shared_mutex lock;
  boost::unordered_flat_set<owned_holding, name_hash, same_name> held;
  boost::unordered_flat_map<pid, const holding*, detail::slot_hash> by_pid;
};

names& all_names() {
  // Never destroyed: threads may outlive main's statics.
  static auto* const made = new names;
  return *made;
}

[[noreturn]] void refuse(std::string text) {
  throw error{exit_reason{"badarg"}, "register_name: " + std::move(text)};
}

}  // namespace

void register_name(std::string_view name, pid process) {
  detail::before_allocation();
  if (name.empty() || name == "undefined") refuse("\"" + std::string{name} + "\" cannot be a name; choose another");
  const wanted as{name};
  auto& all = all_names();
  const std::unique_lock hold{all.lock};
  if (const auto found = all.held.find(as); found != all.held.end()) {
    refuse("\"" + std::string{name} + "\" is the name of " + to_string((*found)->holder) + " already");
  }
  if (const auto found = all.by_pid.find(process); found != all.by_pid.end()) {
    refuse(to_string(process) + " has the name \"" + found->second->name + "\" already; unregister that first");
  }
  auto& table = detail::process_table::instance();
  {
    const std::lock_guard guard{table.guard_of(process)};
    if (!table.is_living(process)) refuse("there is no process " + to_string(process));
    // The process will look for this when it ends, which the guard keeps it from doing right now.
    table.slot(process).process().has_name(true);
  }
  auto made = std::make_unique<holding>(holding{std::string{name}, as.hash, process});
  all.by_pid.emplace(process, made.get());
  all.held.insert(std::move(made));
}

void unregister_name(std::string_view name) {
  const wanted as{name};
  auto& all = all_names();
  const std::unique_lock hold{all.lock};
  const auto found = all.held.find(as);
  if (found == all.held.end()) {
    throw error{exit_reason{"badarg"}, "unregister_name: nobody has the name \"" + std::string{name} + "\""};
  }
  all.by_pid.erase((*found)->holder);
  all.held.erase(found);
}

pid whereis(std::string_view name) {
  const wanted as{name};
  auto& all = all_names();
  const std::shared_lock hold{all.lock};
  const auto found = all.held.find(as);
  return found != all.held.end() ? (*found)->holder : pid{};
}

std::vector<std::string> registered() {
  std::vector<std::string> found;
  {
    auto& all = all_names();
    const std::shared_lock hold{all.lock};
    found.reserve(all.held.size());
    for (const auto& each : all.held) found.push_back(each->name);
  }
  std::sort(found.begin(), found.end());
  return found;
}

namespace detail {

std::string name_of(pid process) {
  auto& all = all_names();
  const std::shared_lock hold{all.lock};
  const auto found = all.by_pid.find(process);
  return found != all.by_pid.end() ? found->second->name : std::string{};
}

std::size_t copy_name_if_free(pid process, char* to, std::size_t room) noexcept {
  auto& all = all_names();
  const std::shared_lock hold{all.lock, std::try_to_lock};
  if (!hold) return 0;
  const auto found = all.by_pid.find(process);
  return found != all.by_pid.end() ? found->second->name.copy(to, room) : 0;
}

std::size_t count_names() {
  auto& all = all_names();
  const std::shared_lock hold{all.lock};
  return all.held.size();
}

void release_name_of(pid process) noexcept {
  auto& all = all_names();
  const std::unique_lock hold{all.lock};
  const auto found = all.by_pid.find(process);
  if (found == all.by_pid.end()) return;
  all.held.erase(all.held.find(found->second));
  all.by_pid.erase(found);
}

}  // namespace detail
}  // namespace coppice
