#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "calculators.hpp"

namespace calc_tree {

/// A way to cut processes down.
enum class cut_kind : unsigned char {
  kill,         ///< An exit signal `kill` to calculators.
  crash,        ///< They divide by zero.
  exit_signal,  ///< An exit signal with a reason of our own.
  group,        ///< A crash in a group that its supervisor restarts together.
  subtree,      ///< `kill` to a nested supervisor.
};

inline constexpr std::size_t cut_kinds = 5;

std::string_view to_string(cut_kind) noexcept;

/// One round: processes that are cut down at the same time.
struct felling {
  cut_kind kind;
  std::vector<std::string> paths;
};

/// Chooses what to cut down next. The same seed chooses the same, on every machine.
class felling_plan {
 public:
  felling_plan(const calculators& of, std::uint64_t seed);

  /// Each five rounds have every kind once, as far as the tree has something for it.
  felling next();

 private:
  std::size_t below(std::size_t limit);
  std::vector<std::string> some_calculators();

  const calculators& of_;
  std::mt19937_64 random_;
  std::vector<cut_kind> coming_;
  std::size_t next_supervisor_ = 0;
};

}  // namespace calc_tree
