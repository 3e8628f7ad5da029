#pragma once

#include <any>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include <coppice/process/pid.hpp>

namespace coppice {

/// The pid of the calling process. Throws std::logic_error on a thread that is none.
pid self();

/// Lets all others have a turn who wait for one, and goes on then: for a loop that looks for something again and again
/// without waiting (OTP's erlang:yield). Exit signals that have come act. On a thread that is a process: lets other
/// threads run.
void yield();

/// Whether there is such a process. False as soon as the caller has sent it a `kill` (S6); any answer may be stale once
/// you hold it, so monitor instead. Threads: any.
bool is_alive(pid process) noexcept;

/// How many processes there are, also those that are ending (OTP's system_info(process_count)). Does not look at them,
/// so it takes no longer for many. Threads: any.
std::size_t process_count() noexcept;

/// All processes, by their place in the process table. Threads: any.
std::vector<pid> processes();

/// The pids from the calling process's parent up to the first of all.
std::vector<pid> ancestors();

/// The calling process's own dictionary, for what has no other place; destroyed with the process.
std::map<std::string, std::any>& process_dictionary();

/// Makes a process of the calling thread while it lives, so that it can send with an address, receive, link and
/// monitor. Its waits block the thread. A runtime must run, and end after it. It ends with `normal`, as a function that
/// returns.
class thread_process {
 public:
  thread_process();
  thread_process(const thread_process&) = delete;
  thread_process& operator=(const thread_process&) = delete;
  ~thread_process();
};

}  // namespace coppice
