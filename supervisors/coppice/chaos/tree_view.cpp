#include <stdexcept>

#include <coppice/chaos/tree_view.hpp>

namespace coppice {

std::vector<std::string> tree_view::paths() const {
  std::vector<std::string> all;
  all.reserve(living_.size());
  for (const auto& [path, process] : living_) all.push_back(path);
  return all;
}

std::optional<pid> tree_view::find(std::string_view path) const {
  const auto found = living_.find(path);
  return found != living_.end() ? std::optional{found->second} : std::nullopt;
}

pid tree_view::get(std::string_view path) const {
  if (const auto found = find(path)) return *found;
  std::string text = "nobody lives at " + std::string{path} + "; there live";
  constexpr std::size_t most = 20;
  std::size_t count = 0;
  for (const auto& [each, process] : living_) {
    if (++count > most) {
      text += " and " + std::to_string(living_.size() - most) + " others";
      break;
    }
    text += " " + each;
  }
  if (living_.empty()) text += " none";
  throw std::out_of_range{text};
}

}  // namespace coppice
