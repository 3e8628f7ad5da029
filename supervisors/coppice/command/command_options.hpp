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

struct schema_options {
  bool of_plans = false;  ///< Of chaos plans, not of tree files.
};

struct chaos_command_options {
  std::string tree;
  std::optional<std::string> plan;  ///< Unset: the tree's own.
  std::vector<std::string> libraries;
  std::optional<std::uint64_t> seed;  ///< Unset: the plan's, or one is drawn.
  std::optional<std::string> report;  ///< A folder for the report's files.
  std::optional<std::string> junit;   ///< A file.
  bool real_time = false;
  std::optional<unsigned> threads;  ///< In real time; unset: one for each processor.
  bool verbose = false;

  bool sweeps = false;
  std::optional<std::string> script;   ///< What is run for each point; unset: start, settle, shut down.
  std::optional<std::string> expect;   ///< A file of answers that must be right when that is over.
  std::vector<std::string> victims;    ///< Patterns; none: all.
  std::vector<std::string> ways;       ///< Of hitting; none: all.
  std::optional<std::uint64_t> point;  ///< Only this one.

  std::vector<std::string> files_read() const {
    std::vector<std::string> files = libraries;
    files.push_back(tree);
    if (plan) files.push_back(*plan);
    if (script) files.push_back(*script);
    if (expect) files.push_back(*expect);
    return files;
  }
};

}  // namespace coppice::command
