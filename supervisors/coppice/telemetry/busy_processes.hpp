#pragma once

// Private to supervisors/coppice.

#include <string>
#include <vector>

#include <coppice/process/pid.hpp>
#include <coppice/telemetry/tree_journal.hpp>

namespace coppice::detail {

struct busy_process {
  std::string path;
  pid process;
};

/// Who of a tree is in a handler, or in its constructor, by path: those who keep it from coming to rest. Any thread.
std::vector<busy_process> busy_processes(const tree_journal& of);

/// What is said behind the path of one of them: ` in its handler of sell`. Empty: it has handled nothing so far.
std::string handler_text(pid busy);

}  // namespace coppice::detail
