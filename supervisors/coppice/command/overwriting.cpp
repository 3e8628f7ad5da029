#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include <coppice/command/checked_tree.hpp>
#include <coppice/command/command_line.hpp>
#include <coppice/command/overwriting.hpp>

namespace coppice::command {

void refuse_to_overwrite(std::string_view command, std::string_view option, const std::string& written,
                         const std::vector<std::string>& read) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  // A terminal may well be both.
  if (written == "-" || !fs::is_regular_file(written, ignored)) return;
  for (const auto& each : read) {
    if (!fs::equivalent(written, each == "-" ? "/dev/stdin" : each, ignored)) continue;
    throw usage_fault{fmt::format("{}: {} {} would overwrite {}, which is read. Name another file.", command, option,
                                  shown_name(written), shown_name(each))};
  }
}

}  // namespace coppice::command
