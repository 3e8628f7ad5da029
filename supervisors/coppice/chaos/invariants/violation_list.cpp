#include <utility>

#include <coppice/chaos/invariants/violation_list.hpp>

namespace coppice {

void violation_list::add(std::string_view invariant, std::string_view path, std::string text) {
  ++count_;
  std::uint64_t& of_this = counts_.try_emplace(std::string{invariant}, 0).first->second;
  if (++of_this > most_of_each_) return;
  kept_.push_back({std::string{invariant}, std::string{path}, std::move(text), now_});
}

}  // namespace coppice
