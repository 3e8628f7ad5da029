#pragma once

// Private to lib/coppice.

#include <memory>
#include <utility>
#include <vector>

#include <coppice/process/envelope.hpp>
#include <coppice/process/exit_reason.hpp>
#include <coppice/process/pid.hpp>

namespace coppice::detail {

/// The payload of the signals `exit`, `exit_linked`, `end`, `ended` and `down`.
struct ending {
  exit_reason reason;
  /// Of a process that answers for those linked to it (a supervisor): who was still linked when it ended.
  std::shared_ptr<const std::vector<pid>> orphans;
};

inline envelope* make_ending(pid to, envelope_kind kind, pid from, reference ref, exit_reason reason,
                             std::shared_ptr<const std::vector<pid>> orphans = nullptr) {
  return make_envelope<ending>(to, kind, from, ref, ending{std::move(reason), std::move(orphans)});
}

/// What a process that is not there answers with `noproc`.
constexpr bool asks_for_word_of_end(envelope_kind kind) noexcept {
  return kind == envelope_kind::call || kind == envelope_kind::monitor || kind == envelope_kind::link ||
         kind == envelope_kind::end;
}

/// Answers a signal for a process that is not there, and discards it. A message or a cast is lost.
void turn_away_for_dead(envelope* sent) noexcept;

}  // namespace coppice::detail
