#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <boost/unordered/unordered_flat_set.hpp>

#include <coppice/process/control_block.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/large_table.hpp>
#include <coppice/process/object_room.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/scheduling/spinlock.hpp>

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

// A name and who has it. The place where he lives keeps the hash, so that his name is found without a table of its own.
struct holding : detail::pooled_object {
  holding(std::string_view of, std::uint32_t hash_of_it, pid who) : name{of}, hash{hash_of_it}, holder{who} {}

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

// Names are spread over shards, so that one who waits seldom waits for another name; but for a short look-up, only a
// shard that grows takes its time.
struct alignas(64) shard {
  mutable scheduling::spinlock lock;
  boost::unordered_flat_set<owned_holding, name_hash, same_name, detail::table_allocator<owned_holding>> held;
};

constexpr std::size_t shard_count = 64;

std::array<shard, shard_count>& all_shards() {
  // Never destroyed: threads may outlive main's statics.
  static auto* const made = new std::array<shard, shard_count>;
  return *made;
}

// The set goes by the low bits.
shard& shard_of(std::uint32_t hash) {
  return all_shards()[hash >> 26];
}
static_assert(shard_count == std::size_t{1} << (32 - 26));

// Changed under the lock of the name's shard.
std::atomic<std::uint32_t>& hash_at(pid process) noexcept {
  return detail::process_table::instance().slot(process).name_hash;
}

[[noreturn]] void refuse(std::string text) {
  throw error{exit_reason{"badarg"}, "register_name: " + std::move(text)};
}

enum class outcome : unsigned char { registered, is_dead, has_a_name };

// Marks the process as one that has that name, unless it has one or is dead.
outcome mark(pid process, std::uint32_t hash) noexcept {
  auto& table = detail::process_table::instance();
  // It will look for the mark when it ends, which the guard keeps it from doing right now.
  const std::lock_guard guard{table.guard_of(process)};
  if (!table.is_living(process)) return outcome::is_dead;
  if (hash_at(process).load(std::memory_order_relaxed) != 0) return outcome::has_a_name;
  hash_at(process).store(hash, std::memory_order_relaxed);
  return outcome::registered;
}

outcome try_to_register(const wanted& as, pid process) {
  auto made = std::make_unique<holding>(as.name, as.hash, process);
  shard& home = shard_of(as.hash);
  pid holder;
  {
    const std::lock_guard hold{home.lock};
    const auto [at, is_free] = home.held.insert(std::move(made));
    if (is_free) {
      const outcome marked = mark(process, as.hash);
      if (marked != outcome::registered) home.held.erase(at);
      return marked;
    }
    holder = (*at)->holder;
  }
  refuse("\"" + std::string{as.name} + "\" is the name of " + to_string(holder) + " already");
}

}  // namespace

void register_name(std::string_view name, pid process) {
  detail::before_allocation();
  if (name.empty() || name == "undefined") refuse("\"" + std::string{name} + "\" cannot be a name; choose another");
  const wanted as{name};
  for (;;) {
    const outcome came_of_it = try_to_register(as, process);
    if (came_of_it == outcome::registered) return;
    if (came_of_it == outcome::is_dead) refuse("there is no process " + to_string(process));
    // Somebody may be taking it away right now.
    if (const std::string other = detail::name_of(process); !other.empty()) {
      refuse(to_string(process) + " has the name \"" + other + "\" already; unregister that first");
    }
  }
}

void unregister_name(std::string_view name) {
  const wanted as{name};
  shard& home = shard_of(as.hash);
  {
    const std::lock_guard hold{home.lock};
    if (const auto found = home.held.find(as); found != home.held.end()) {
      hash_at((*found)->holder).store(0, std::memory_order_relaxed);
      home.held.erase(found);
      detail::shrink_if_sparse(home.held);
      return;
    }
  }
  throw error{exit_reason{"badarg"}, "unregister_name: nobody has the name \"" + std::string{name} + "\""};
}

pid whereis(std::string_view name) {
  const wanted as{name};
  shard& home = shard_of(as.hash);
  const std::lock_guard hold{home.lock};
  const auto found = home.held.find(as);
  return found != home.held.end() ? (*found)->holder : pid{};
}

std::vector<std::string> registered() {
  std::vector<std::string> found;
  for (const shard& each : all_shards()) {
    const std::lock_guard hold{each.lock};
    for (const auto& one : each.held) found.push_back(one->name);
  }
  std::sort(found.begin(), found.end());
  return found;
}

namespace detail {

std::string name_of(pid process) {
  const auto hash = hash_at(process).load(std::memory_order_relaxed);
  if (hash == 0) return {};
  shard& home = shard_of(hash);
  const std::lock_guard hold{home.lock};
  const auto found = home.held.find(wanted_of{process, hash});
  return found != home.held.end() ? (*found)->name : std::string{};
}

std::size_t copy_name_if_free(pid process, char* to, std::size_t room) noexcept {
  const auto hash = hash_at(process).load(std::memory_order_relaxed);
  if (hash == 0) return 0;
  shard& home = shard_of(hash);
  const std::unique_lock hold{home.lock, std::try_to_lock};
  if (!hold) return 0;
  const auto found = home.held.find(wanted_of{process, hash});
  return found != home.held.end() ? (*found)->name.copy(to, room) : 0;
}

std::size_t count_names() {
  std::size_t sum = 0;
  for (const shard& each : all_shards()) {
    const std::lock_guard hold{each.lock};
    sum += each.held.size();
  }
  return sum;
}

void release_name_of(pid process) noexcept {
  const auto hash = hash_at(process).load(std::memory_order_relaxed);
  if (hash == 0) return;
  shard& home = shard_of(hash);
  const std::lock_guard hold{home.lock};
  const auto found = home.held.find(wanted_of{process, hash});
  if (found == home.held.end()) return;
  hash_at(process).store(0, std::memory_order_relaxed);
  home.held.erase(found);
  shrink_if_sparse(home.held);
}

}  // namespace detail
}  // namespace coppice
