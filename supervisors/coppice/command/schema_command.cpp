#include <coppice/command/printed_answer.hpp>
#include <coppice/command/schema_command.hpp>
#include <coppice/tree/chaos_plan_schema.hpp>
#include <coppice/tree/tree_schema.hpp>

namespace coppice::command {

exit_status schema(const schema_options& options) {
  std::string text = options.of_plans ? chaos_plan_schema() : tree_schema();
  if (!text.ends_with('\n')) text += '\n';
  return print("-", text);
}

}  // namespace coppice::command
