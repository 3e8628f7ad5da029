#pragma once

/// All of the process runtime and the behaviours. The supervisors have a header of their own:
/// <coppice/supervisors.hpp>.

#include <coppice/behaviours/call.hpp>
#include <coppice/behaviours/server.hpp>
#include <coppice/process/blocking.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/exit_reason.hpp>
#include <coppice/process/fault_injector.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/live_objects.hpp>
#include <coppice/process/log.hpp>
#include <coppice/process/message.hpp>
#include <coppice/process/monitor.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/process_info.hpp>
#include <coppice/process/random.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/runtime.hpp>
#include <coppice/process/send.hpp>
#include <coppice/process/spawn.hpp>
#include <coppice/process/stall.hpp>
#include <coppice/process/timer.hpp>
