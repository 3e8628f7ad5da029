#include <coppice/command/complaint.hpp>
#include <coppice/command/output.hpp>
#include <coppice/command/printed_answer.hpp>

namespace coppice::command {

exit_status print(const std::string& path, std::string_view text) {
  output to{path};
  to.write(text);
  if (to.close()) return orderly_end;
  complain(to.fault());
  return failed;
}

}  // namespace coppice::command
