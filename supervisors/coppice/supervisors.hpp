#pragma once

/// Supervisors and trees, and the process runtime below them. Trees in JSON: no header of nlohmann_json comes with it.

#include <coppice/coppice.hpp>
#include <coppice/supervision/child_spec.hpp>
#include <coppice/supervision/supervisor.hpp>
#include <coppice/telemetry/tree_journal.hpp>
#include <coppice/tree/tree_builder.hpp>
#include <coppice/tree/tree_file.hpp>
#include <coppice/tree/worker_library.hpp>
#include <coppice/tree/worker_registry.hpp>
