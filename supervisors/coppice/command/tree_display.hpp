#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include <coppice/telemetry/tree_event.hpp>
#include <coppice/tree/tree_spec.hpp>

namespace coppice::command {

/// What happens to a tree, as lines for people: one an event, each with the time since the start of the tree.
///
///        3.207 s  exited     root/pool/calc-7 <0.19.1>: badarith
///        3.207 s  restarted  root/pool/calc-7 <0.120.1>, its 2nd life, gone for 0.1 ms
///
/// The first start and the last end of a tree of more than a dozen processes are one line each, and so are many events
/// in a row of the same kind, under the same supervisor, for the same reason. Ends that stand out are always shown.
///
/// Threads: one at a time.
class tree_display {
 public:
  /// `begin`: by the runtime's clock. The spec must outlive it.
  tree_display(const supervisor_spec& root, std::chrono::nanoseconds begin, bool colour);

  /// The lines of these events, which have happened in this order.
  std::string lines(std::span<const tree_event> events);

  /// A line of the program's own: `stopping (SIGINT): 106 processes`. From a line with the word `stopping` on, ends
  /// that are wanted are folded.
  std::string line(std::chrono::nanoseconds time, std::string_view word, std::string_view text);

  /// So many have started and not ended.
  std::uint64_t alive() const noexcept { return alive_; }

 private:
  enum class shade : unsigned char { plain, good, bad, worst, faint };

  std::size_t run_length(std::span<const tree_event> events) const;
  std::string run_line(std::span<const tree_event> run);
  std::string event_line(const tree_event& event);
  std::string started_line(const tree_event& event);
  bool is_folded(const tree_event& event);
  std::string compose(std::chrono::nanoseconds time, std::string_view word, std::string_view text, shade as) const;
  std::chrono::nanoseconds note(const tree_event& event);

  const supervisor_spec& root_;
  std::chrono::nanoseconds begin_;
  bool colour_;
  bool is_large_;
  bool is_up_ = false;
  bool is_stopping_ = false;
  std::uint64_t alive_ = 0;
  std::uint64_t workers_ = 0;
  std::uint64_t supervisors_ = 0;
  // When those ended that are gone: for how long they are. Bounded by the paths of the tree.
  std::map<std::string, std::chrono::nanoseconds, std::less<>> gone_since_;
};

/// `103 workers`, `1 worker`.
std::string counted(std::uint64_t number, std::string_view of);

/// `0.12 ms`, `3.2 s`.
std::string short_time(std::chrono::nanoseconds time);

}  // namespace coppice::command
