#pragma once

#include <string>

#include <coppice/tree/worker_registry.hpp>

namespace coppice {

/// Changes whenever a worker library that was built for another version may not be loaded.
inline constexpr unsigned worker_abi_version = 1;

/// Opens a shared library of workers and lets it fill the registry. It stays loaded for ever: its code may still run.
///
/// Throws std::runtime_error, saying what was expected, what was found and what to do, when the file cannot be opened,
/// is no worker library, was built for another ABI version, registers a name that is taken, or fails in its
/// registration. The registry is as it was then.
void load_worker_library(const std::string& path, worker_registry& into);

}  // namespace coppice

// The parameter of the macro is a name in a declaration: it cannot stand in parentheses.
// NOLINTBEGIN(bugprone-macro-parentheses)

/// Defines what a shared library of workers exports; the body fills the registry.
///
///     COPPICE_WORKERS(registry) {
///       registry.add<crawler>("crawler");
///     }
#define COPPICE_WORKERS(registry)                                                  \
  extern "C" __attribute__((visibility("default"))) unsigned coppice_worker_abi(); \
  extern "C" unsigned coppice_worker_abi() {                                       \
    return ::coppice::worker_abi_version;                                          \
  }                                                                                \
  extern "C" __attribute__((visibility("default"))) void coppice_register_workers( \
      ::coppice::worker_registry& registry);                                       \
  extern "C" void coppice_register_workers(::coppice::worker_registry& registry)
// NOLINTEND(bugprone-macro-parentheses)
