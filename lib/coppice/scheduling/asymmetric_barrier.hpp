#pragma once

namespace coppice::scheduling {

// A barrier for one side of an agreement between two threads: who is seldom there makes all threads of the program
// execute a full barrier, some microseconds, so that who is always there needs none.

/// Whether the system can do that.
bool has_asymmetric_barrier() noexcept;

/// All threads of the program have executed a full barrier then. A program may forbid itself the system call for it
/// later on: then it waits for ten milliseconds instead, and is false. No store waits a hundredth as long to be seen.
bool asymmetric_barrier() noexcept;

}  // namespace coppice::scheduling
