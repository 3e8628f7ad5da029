#include <ostream>

#include <fmt/format.h>

#include <coppice/process/pid.hpp>
#include <coppice/process/process_table.hpp>

namespace coppice {

std::string to_string(pid of) {
  if (!of) return "<no process>";
  return fmt::format("<0.{}.{}>", detail::slot_of(of), detail::serial_of(of));
}

std::ostream& operator<<(std::ostream& out, pid of) {
  return out << to_string(of);
}

}  // namespace coppice
