#include <fmt/format.h>

#include <coppice/tree/tree_spec.hpp>

namespace coppice {

std::string worker_spec::replica_id(std::uint32_t number) const {
  return count ? fmt::format("{}-{}", id, number) : id;
}

std::optional<std::string> worker_spec::replica_name(std::uint32_t number) const {
  if (!name || !count) return name;
  return fmt::format("{}-{}", *name, number);
}

std::string const& tree_child::id() const noexcept {
  return std::visit([](auto const& one) -> std::string const& { return one.id; }, spec);
}

restart_type tree_child::restart() const noexcept {
  return std::visit([](auto const& one) { return one.restart; }, spec);
}

shutdown_time tree_child::shutdown() const noexcept {
  return std::visit([](auto const& one) { return one.shutdown; }, spec);
}

bool tree_child::significant() const noexcept {
  return std::visit([](auto const& one) { return one.significant; }, spec);
}

std::string const& tree_child::pointer() const noexcept {
  return std::visit([](auto const& one) -> std::string const& { return one.pointer; }, spec);
}

std::uint32_t tree_child::processes() const noexcept {
  worker_spec const* worker = if_worker();
  return worker == nullptr ? 1 : worker->processes();
}

std::uint64_t process_count(supervisor_spec const& root) {
  std::uint64_t total = 1;
  for (tree_child const& child : root.children) {
    supervisor_spec const* inner = child.if_supervisor();
    total += inner == nullptr ? child.processes() : process_count(*inner);
  }
  return total;
}

}  // namespace coppice
