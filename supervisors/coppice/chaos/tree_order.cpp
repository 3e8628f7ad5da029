#include <algorithm>
#include <cstddef>
#include <string_view>
#include <unordered_map>

#include <coppice/chaos/tree_order.hpp>

namespace coppice::detail {

namespace {

struct place {
  std::string_view path;
  bool is_named = false;  // And not only the parent of one that is.
  std::vector<std::size_t> children;
};

class path_tree {
 public:
  void name(std::string_view path) { places_[place_of(path)].is_named = true; }

  std::vector<std::string> in_order() const {
    std::vector<std::string> result;
    // The next to visit is the last: a path may be longer than a stack is deep.
    std::vector<std::size_t> due{roots_.rbegin(), roots_.rend()};
    while (!due.empty()) {
      const place& here = places_[due.back()];
      due.pop_back();
      if (here.is_named) result.emplace_back(here.path);
      due.insert(due.end(), here.children.rbegin(), here.children.rend());
    }
    return result;
  }

 private:
  std::size_t place_of(std::string_view path) {
    std::size_t below = places_.size();
    std::size_t asked = below;
    for (bool is_asked = true;; is_asked = false) {
      const auto [at, is_new] = index_.try_emplace(path, places_.size());
      const std::size_t here = at->second;
      if (is_new) places_.push_back({.path = path, .is_named = false, .children = {}});
      if (is_asked) {
        asked = here;
      } else {
        places_[here].children.push_back(below);
      }
      if (!is_new) return asked;
      const auto slash = path.rfind('/');
      if (slash == std::string_view::npos) {
        roots_.push_back(here);
        return asked;
      }
      below = here;
      path = path.substr(0, slash);
    }
  }

  std::vector<place> places_;
  std::vector<std::size_t> roots_;
  std::unordered_map<std::string_view, std::size_t> index_;
};

}  // namespace

std::vector<std::string> paths_in_tree_order(const chaos_record& record) {
  path_tree tree;
  for (const auto& each : record.lives) tree.name(each.path);
  for (const auto& each : record.hits) tree.name(each.path);
  for (const auto& each : record.start_failures) tree.name(each.path);
  for (const auto& each : record.give_ups) tree.name(each.path);
  for (const auto& each : record.traffic) tree.name(each.first);
  return tree.in_order();
}

}  // namespace coppice::detail
