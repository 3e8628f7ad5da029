#include <coppice/command/printed_answer.hpp>
#include <coppice/command/schema_command.hpp>
#include <coppice/tree/tree_schema.hpp>

namespace coppice::command {

exit_status schema() {
  std::string text = tree_schema();
  if (!text.ends_with('\n')) text += '\n';
  return print("-", text);
}

}  // namespace coppice::command
