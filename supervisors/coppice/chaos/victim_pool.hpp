#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <coppice/chaos/dice.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/tree/chaos_plan.hpp>

namespace coppice {

/// Those of a tree that live and match: whom harm may be done to. Adding, removing and drawing take the same time
/// however many there are. Threads: one at a time.
class victim_pool {
 public:
  struct victim {
    pid process;
    std::string path;
  };

  explicit victim_pool(chaos_victims who);

  void began(pid process, std::string_view path, bool is_supervisor);
  void ended(pid process);

  /// So many different ones, or all there are.
  std::vector<victim> draw(std::size_t count, dice& by);

  std::size_t size() const noexcept { return living_.size(); }

 private:
  chaos_victims who_;
  std::unordered_map<std::string, bool> matches_;  // by path: a pattern is looked at once
  std::vector<victim> living_;
  std::unordered_map<pid, std::size_t> places_;
};

/// How many are hit at once, of so many.
std::size_t victims_at_once(const chaos_fault& fault, std::size_t of) noexcept;

}  // namespace coppice
