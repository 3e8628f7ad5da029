#pragma once

#include <string>

#include <coppice/chaos/chaos_recorder.hpp>
#include <coppice/chaos/dice.hpp>
#include <coppice/tree/chaos_plan.hpp>
#include <coppice/tree/worker_registry.hpp>

namespace coppice {

/// The body of a process that gives work to whoever lives at `path`, as often as the load says, at random times, until
/// it is ended. The load has been checked for such workers.
void work_as_client(const chaos_load& load, const worker& of, const std::string& path, chaos_recorder& recorder,
                    dice by);

}  // namespace coppice
