#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace coppice::command {

// What the command line says, one struct a subcommand. A path `-` is standard input or output.

struct run_options {
  std::string tree;
  std::optional<std::string> script;
  std::optional<std::string> trace;
  std::vector<std::string> libraries;
  std::optional<unsigned> threads;  ///< Unset: one for each processor.
  bool verbose = false;

  bool simulate = false;
  std::optional<std::uint64_t> seed;              ///< Of a simulation; unset: one is drawn.
  std::optional<std::chrono::milliseconds> time;  ///< How long to simulate; unset: until the tree is at rest.
  bool checks_determinism = false;

  std::vector<std::string> files_read() const {
    std::vector<std::string> files = libraries;
    files.push_back(tree);
    if (script) files.push_back(*script);
    return files;
  }
};

struct check_options {
  std::string tree;
  std::vector<std::string> libraries;
};

struct graph_options {
  enum class format : unsigned char { dot, svg };

  std::string tree;
  format as = format::dot;
  std::string to = "-";
  std::vector<std::string> libraries;

  std::vector<std::string> files_read() const {
    std::vector<std::string> files = libraries;
    files.push_back(tree);
    return files;
  }
};

struct schema_options {};

}  // namespace coppice::command
