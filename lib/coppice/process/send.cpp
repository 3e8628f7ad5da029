#include <string>

#include <coppice/process/control_block.hpp>
#include <coppice/process/delay_lines.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/send.hpp>

namespace coppice::detail {

pid must_have_name(std::string_view name) {
  const pid found = whereis(name);
  if (!found) {
    throw error{exit_reason{"badarg"},
                "send: nobody has the name \"" + std::string{name} + "\"; start its process first"};
  }
  return found;
}

}  // namespace coppice::detail
