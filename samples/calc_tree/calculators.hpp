#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/tree/tree_spec.hpp>

namespace calc_tree {

/// A calculator of the tree.
struct calculator {
  std::string path;    ///< `root/pool/calc-7`.
  double initial = 0;  ///< What it counts from at each start.
};

/// What the tree file says of the tree, as far as felling it needs it.
class calculators {
 public:
  explicit calculators(const coppice::supervisor_spec& root);

  /// What keeps this program from working with the tree, for people; empty if nothing does.
  std::string fault() const;

  const std::vector<calculator>& all() const noexcept { return all_; }

  /// The paths of the supervisors below the root.
  const std::vector<std::string>& supervisors() const noexcept { return supervisors_; }

  /// The calculators whose end makes their supervisor restart siblings too.
  const std::vector<std::string>& in_groups() const noexcept { return in_groups_; }

  /// All that starts again when the process at `path` ends: itself and what is under it, and by its supervisor's
  /// strategy its siblings with what is under them. Sorted.
  std::vector<std::string> restarted_with(std::string_view path) const;

 private:
  void collect(const coppice::supervisor_spec& supervisor, const std::string& path);

  struct place {
    coppice::strategy strategy = coppice::strategy::one_for_one;  // of the supervisor
    std::string supervisor;
    std::size_t number = 0;  // in start order, among its siblings
  };

  std::vector<calculator> all_;
  std::vector<std::string> supervisors_;
  std::vector<std::string> in_groups_;
  std::map<std::string, place, std::less<>> places_;
  std::string fault_;
};

}  // namespace calc_tree
