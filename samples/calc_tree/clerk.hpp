#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include <coppice/process/pid.hpp>
#include <coppice/telemetry/tree_journal.hpp>

#include "calculators.hpp"

namespace calc_tree {

/// A calculator gave another value than it should, or no answer.
struct wrong_value {
  std::string what;
};

/// To a clerk: the day is over.
struct close_up {};

/// The body of a process that works calculators until it is told to `close_up`, and checks each value that it gets
/// against its own arithmetic. It tells `to` of each wrong one.
///
/// Nobody else may send operations to its calculators. When one is gone, it goes on with the next at that path, which
/// has to begin with its initial value.
void work_as_clerk(std::span<const calculator> own, const coppice::tree_journal& journal, std::uint64_t seed,
                   coppice::pid to, std::atomic<std::uint64_t>& checked);

}  // namespace calc_tree
