#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <coppice/command/command_options.hpp>

namespace coppice::command {

/// The command line is wrong. The text is for people: what was expected, what was found, what to write instead.
struct usage_fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A text to print instead of doing anything: a page of help, or the version.
struct page {
  std::string_view text;
};

using command_line =
    std::variant<run_options, check_options, graph_options, schema_options, chaos_command_options, page>;

/// Understands the arguments of the program, without its name. Throws `usage_fault`.
command_line parse_command_line(const std::vector<std::string>& arguments);

}  // namespace coppice::command
