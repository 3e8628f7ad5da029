#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include <boost/unordered/unordered_flat_set.hpp>

#include <coppice/process/control_block.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/registry.hpp>

namespace coppice {

namespace {

// What is looked for: hashed once, before any lock is taken.
struct wanted {
  explicit wanted(std::string_view of) noexcept
      : name{of}, hash{std::max(1U, static_cast<std::uint32_t>(std::hash<std::string_view>{}(of)))} {}
  std::string_view name;
  std::uint32_t hash;
};

// The same by who has it.
struct wanted_of {
  pid holder;
  std::uint32_t hash;
};

// A name and who has it. Where he lives is the hash, so that his name is found without a table of its own.
struct holding {
  std::string name;
  std::uint32_t hash;
  pid holder;
};

using owned_holding = std::unique_ptr<holding>;

struct name_hash {
  using is_transparent = void;
  std::size_t operator()(const wanted& name) const noexcept { return name.hash; }
  std::size_t operator()(const wanted_of& of) const noexcept { return of.hash; }
  std::size_t operator()(const owned_holding& of) const noexcept { return of->hash; }
};
struct same_name {
  using is_transparent = void;
  bool operator()(const owned_holding& left, const owned_holding& right) const noexcept {
    return left->name == right->name;
  }
  bool operator()(const wanted& left, const owned_holding& right) const noexcept { return left.name == right->name; }
  bool operator()(const owned_holding& left, const wanted& right) const noexcept { return left->name == right.name; }
  bool operator()(const wanted_of& left, const owned_holding& right) const noexcept {
    return left.holder == right->holder;
  }
  bool operator()(const owned_holding& left, const wanted_of& right) const noexcept {
    return left->holder == right.holder;
  }
};

struct names {
  std::shared_mutex lock;
  boost::unordered_flat_set<owned_holding, name_hash, same_name> held;
};

std::atomic<std::uint32_t>& hash_at(pid process) noexcept {
  return detail::process_table::instance().slot(process).name_hash;
}

// Under the lock. At its end: it has none.
auto find_of(names& all, pid process) noexcept {
  const auto hash = hash_at(process).load(std::memory_order_relaxed);
  return hash != 0 ? all.held.find(wanted_of{process, hash}) : all.held.end();
}

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
  if (const auto found = find_of(all, process); found != all.held.end()) {
    refuse(to_string(process) + " has the name \"" + (*found)->name + "\" already; unregister that first");
  }
  const auto made = all.held.insert(std::make_unique<holding>(holding{std::string{name}, as.hash, process})).first;
  auto& table = detail::process_table::instance();
  {
    const std::lock_guard guard{table.guard_of(process)};
    if (table.is_living(process)) {
      // The process will look for this when it ends, which the guard keeps it from doing right now.
      hash_at(process).store(as.hash, std::memory_order_relaxed);
      return;
    }
  }
  all.held.erase(made);
  refuse("there is no process " + to_string(process));
}

void unregister_name(std::string_view name) {
  const wanted as{name};
  auto& all = all_names();
  const std::unique_lock hold{all.lock};
  const auto found = all.held.find(as);
  if (found == all.held.end()) {
    throw error{exit_reason{"badarg"}, "unregister_name: nobody has the name \"" + std::string{name} + "\""};
  }
  hash_at((*found)->holder).store(0, std::memory_order_relaxed);
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
  const auto found = find_of(all, process);
  return found != all.held.end() ? (*found)->name : std::string{};
}

std::size_t copy_name_if_free(pid process, char* to, std::size_t room) noexcept {
  auto& all = all_names();
  const std::shared_lock hold{all.lock, std::try_to_lock};
  if (!hold) return 0;
  const auto found = find_of(all, process);
  return found != all.held.end() ? (*found)->name.copy(to, room) : 0;
}

std::size_t count_names() {
  auto& all = all_names();
  const std::shared_lock hold{all.lock};
  return all.held.size();
}

void release_name_of(pid process) noexcept {
  auto& all = all_names();
  const std::unique_lock hold{all.lock};
  const auto found = find_of(all, process);
  if (found == all.held.end()) return;
  hash_at(process).store(0, std::memory_order_relaxed);
  all.held.erase(found);
}

}  // namespace detail
}  // namespace coppice
