#include <array>

#include <coppice/tree/script_step.hpp>

namespace coppice {

std::string_view name_of(script_action const& action) noexcept {
  // In the order of the variant.
  static constexpr std::array<std::string_view, std::variant_size_v<script_action>> names{
      "exit",         "crash",       "send",           "view",           "terminate_child",  "restart_child",
      "delete_child", "start_child", "which_children", "count_children", "fail_next_starts", "advance"};
  return names[action.index()];
}

}  // namespace coppice
