#pragma once

#include <chrono>

namespace coppice {

// For processes of a runtime in virtual time that drive the others: what the scripts of `coppice run --script` and
// simulations are made of. Each throws std::logic_error in real time.

/// Waits until no other process can run: all wait for a message or for a time that has not come. The clock stands
/// still. One process at a time may wait so.
void await_idle();

/// Moves the clock to the next timer and lets it fire. False, and nothing happens, when there is none.
bool advance_to_next_timer();

/// `await_idle`, and then lets time pass as long as a server is in the middle of something (it waits in a handler, in
/// its constructor or in `terminate`): afterwards all servers are at rest. False when some are not, and no timer will
/// ever wake them.
bool await_quiescence();

}  // namespace coppice
