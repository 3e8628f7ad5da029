#include <coppice/command/start_failure.hpp>
#include <coppice/tree/quoted_text.hpp>

namespace coppice::command {

std::string start_failure_text(std::string_view path, const exit_reason& reason) {
  const auto outer = reason.elements();
  if (outer.size() == 2 && outer[0] == exit_reason::shutdown()) {
    const auto inner = outer[1].elements();
    if (inner.size() == 3 && inner[0] == exit_reason{"failed_to_start_child"}) {
      return start_failure_text(std::string{path} + "/" + inner[1].to_string(), inner[2]);
    }
  }
  return std::string{path} + ": " + detail::printable(reason.to_string());
}

}  // namespace coppice::command
