#include <algorithm>
#include <mutex>
#include <shared_mutex>

#include <boost/unordered/unordered_flat_map.hpp>

#include <coppice/process/control_block.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/fault_hooks.hpp>
#include <coppice/process/registry.hpp>

namespace coppice {

namespace {

struct text_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

struct names {
  std::shared_mutex lock;
  boost::unordered_flat_map<std::string, pid, text_hash, std::equal_to<>> holders;
  boost::unordered_flat_map<pid, std::string, std::hash<pid>> by_pid;
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
  auto& all = all_names();
  const std::unique_lock hold{all.lock};
  if (const auto found = all.holders.find(name); found != all.holders.end()) {
    refuse("\"" + std::string{name} + "\" is the name of " + to_string(found->second) + " already");
  }
  if (const auto found = all.by_pid.find(process); found != all.by_pid.end()) {
    refuse(to_string(process) + " has the name \"" + found->second + "\" already; unregister that first");
  }
  auto& table = detail::process_table::instance();
  {
    const std::lock_guard guard{table.guard_of(process)};
    if (!table.is_living(process)) refuse("there is no process " + to_string(process));
    // The process will look for this when it ends, which the guard keeps it from doing right now.
    table.slot(process).process().has_name(true);
  }
  all.holders.emplace(name, process);
  all.by_pid.emplace(process, name);
}

void unregister_name(std::string_view name) {
  auto& all = all_names();
  const std::unique_lock hold{all.lock};
  const auto found = all.holders.find(name);
  if (found == all.holders.end()) {
    throw error{exit_reason{"badarg"}, "unregister_name: nobody has the name \"" + std::string{name} + "\""};
  }
  all.by_pid.erase(found->second);
  all.holders.erase(found);
}

pid whereis(std::string_view name) {
  auto& all = all_names();
  const std::shared_lock hold{all.lock};
  const auto found = all.holders.find(name);
  return found != all.holders.end() ? found->second : pid{};
}

std::vector<std::string> registered() {
  std::vector<std::string> found;
  {
    auto& all = all_names();
    const std::shared_lock hold{all.lock};
    found.reserve(all.holders.size());
    for (const auto& [name, holder] : all.holders) found.push_back(name);
  }
  std::sort(found.begin(), found.end());
  return found;
}

namespace detail {

std::string name_of(pid process) {
  auto& all = all_names();
  const std::shared_lock hold{all.lock};
  const auto found = all.by_pid.find(process);
  return found != all.by_pid.end() ? found->second : std::string{};
}

std::size_t count_names() {
  auto& all = all_names();
  const std::shared_lock hold{all.lock};
  return all.holders.size();
}

void release_name_of(pid process) noexcept {
  auto& all = all_names();
  const std::unique_lock hold{all.lock};
  const auto found = all.by_pid.find(process);
  if (found == all.by_pid.end()) return;
  all.holders.erase(found->second);
  all.by_pid.erase(found);
}

}  // namespace detail
}  // namespace coppice
