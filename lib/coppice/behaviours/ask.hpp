#pragma once

// Private to lib/coppice.

#include <chrono>

#include <coppice/process/control_block.hpp>
#include <coppice/process/envelope.hpp>
#include <coppice/process/exit_reason.hpp>

namespace coppice::detail {

/// What came of a question: a reply, or why there is none.
struct answer {
  envelope* reply;  // null: there is none
  exit_reason why;  // `noproc`, `timeout`, or the reason with which the one who was asked ended
  bool in_time = true;
};

/// Sends the question, and waits for the answer. By the process itself. Takes over `question`.
///
/// No message gets into its queue, and nothing has to be taken back: word of the end comes in place of the reply.
answer ask(control_block& me, envelope* question, std::chrono::milliseconds timeout);

}  // namespace coppice::detail
