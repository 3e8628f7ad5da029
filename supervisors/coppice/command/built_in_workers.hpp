#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include <coppice/tree/worker_registry.hpp>

namespace coppice::command {

/// A library of workers cannot be used. The text is for people, and begins with its path.
struct library_fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What tree files can name: the command's own workers (`calc`), and those of the libraries. Throws `library_fault`.
worker_registry workers_with(const std::vector<std::string>& libraries);

}  // namespace coppice::command
