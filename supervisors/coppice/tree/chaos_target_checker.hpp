#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include <coppice/tree/chaos_plan.hpp>

namespace coppice {

class fault_list;
class worker_catalogue;
struct located_json;
struct supervisor_spec;

}  // namespace coppice

namespace coppice::detail {

/// Checks whom a chaos plan means, and what is sent to them: by its shape, and, where there is a tree, whether the tree
/// has such processes and they take such messages.
class chaos_target_checker {
 public:
  /// `root` is null where the tree itself is wrong: then only the shape is looked at.
  chaos_target_checker(const supervisor_spec* root, const worker_catalogue& workers, fault_list& faults)
      : root_{root}, workers_{workers}, faults_{faults} {}

  /// The member `key` of `owner` (`victims`, `call`, `cast`), which is there, and its `except`. With `workers_only`,
  /// messages are meant for them: only workers are taken.
  chaos_victims check_victims(const located_json& owner, const std::string& pointer, std::string_view key,
                              bool workers_only);

  /// The `message` of `owner`, which is for those workers. Null where something is wrong with it.
  std::shared_ptr<const nlohmann::json> check_message(const located_json& owner, const std::string& pointer,
                                                      const chaos_victims& to);

  /// The `call`, `message` and `equals` of an expectation.
  chaos_expectation check_expectation(const located_json& value, const std::string& pointer);

 private:
  void read_victims(const located_json& value, const std::string& pointer, bool workers_only, chaos_victims& into);
  void read_except(const located_json& value, const std::string& pointer, chaos_victims& into);
  bool is_pattern_here(const located_json& value, const std::string& pointer, std::string_view expected);
  bool is_in_tree(const located_json& value, const std::string& pointer, bool kinds_allowed);
  void check_who_is_left(const located_json& owner, const std::string& pointer, std::string_view key,
                         const chaos_victims& victims);
  void check_answer(const located_json& equals, const std::string& pointer, const nlohmann::json& message,
                    const std::string& path, const nlohmann::json& answer);
  const std::string& paths();

  const supervisor_spec* root_;
  const worker_catalogue& workers_;
  fault_list& faults_;
  std::string paths_;
};

}  // namespace coppice::detail
