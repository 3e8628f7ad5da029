#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <coppice/behaviours/call.hpp>
#include <coppice/process/pid.hpp>

namespace coppice {

/// Who lives in a quiet tree: what an invariant of the user's own looks at.
///
/// Threads: of the process that it was handed to.
class tree_view {
 public:
  explicit tree_view(std::map<std::string, pid, std::less<>> living) : living_{std::move(living)} {}

  /// The paths at which somebody lives (`root/pool/calc-1`), sorted.
  std::vector<std::string> paths() const;

  /// Who lives at that path.
  std::optional<pid> find(std::string_view path) const;

  /// The same; throws std::out_of_range, saying who lives, when nobody does.
  pid get(std::string_view path) const;

  /// Calls who lives at that path, as `coppice::call` does. Blocks the process.
  template <class Request>
  auto call(std::string_view path, Request&& request, std::chrono::milliseconds timeout = default_call_timeout) const {
    return coppice::call(get(path), std::forward<Request>(request), timeout);
  }

 private:
  std::map<std::string, pid, std::less<>> living_;
};

/// A rule of the user's own for a quiet tree: nothing, or what is wrong. It may call workers; what leaves it as an
/// exception breaks the rule too.
///
///     checker.add("the till balances", [](const tree_view& shop) -> std::optional<std::string> {
///       const int sum = shop.call("shop/till", total{});
///       if (sum == 150) return std::nullopt;
///       return "the till holds " + std::to_string(sum);
///     });
using user_invariant = std::function<std::optional<std::string>(const tree_view&)>;

}  // namespace coppice
