#pragma once

#include <string_view>

namespace coppice::command::help {

// What `--help` prints, in general and for each subcommand.

extern const std::string_view overview;
extern const std::string_view run;
extern const std::string_view check;
extern const std::string_view graph;
extern const std::string_view schema;
extern const std::string_view chaos;

/// What `--version` prints.
extern const std::string_view version;

}  // namespace coppice::command::help
