#include <algorithm>
#include <cmath>
#include <utility>

#include <coppice/chaos/victim_pool.hpp>

namespace coppice {

victim_pool::victim_pool(chaos_victims who) : who_{std::move(who)} {}

void victim_pool::began(pid process, std::string_view path, bool is_supervisor) {
  const auto [known, is_new] = matches_.try_emplace(std::string{path}, false);
  if (is_new) known->second = matches(who_, path, is_supervisor);
  if (!known->second) return;
  places_.insert_or_assign(process, living_.size());
  living_.push_back({process, std::string{path}});
}

void victim_pool::ended(pid process) {
  const auto found = places_.find(process);
  if (found == places_.end()) return;
  const std::size_t place = found->second;
  places_.erase(found);
  if (place + 1 != living_.size()) {
    living_[place] = std::move(living_.back());
    places_[living_[place].process] = place;
  }
  living_.pop_back();
}

// Floyd's method: the work grows with how many are drawn, not with how many there are.
std::vector<victim_pool::victim> victim_pool::draw(std::size_t count, dice& by) {
  const std::size_t all = living_.size();
  std::vector<std::size_t> chosen;
  for (std::size_t last = all - std::min(count, all); last < all; ++last) {
    const auto place = static_cast<std::size_t>(by.below(last + 1));
    const bool is_taken = std::find(chosen.begin(), chosen.end(), place) != chosen.end();
    chosen.push_back(is_taken ? last : place);
  }
  std::vector<victim> drawn;
  drawn.reserve(chosen.size());
  for (const std::size_t place : chosen) drawn.push_back(living_[place]);
  return drawn;
}

std::size_t victims_at_once(const chaos_fault& fault, std::size_t of) noexcept {
  if (!fault.share) return fault.count;
  return static_cast<std::size_t>(std::ceil(static_cast<double>(of) * *fault.share / 100.0));
}

}  // namespace coppice
