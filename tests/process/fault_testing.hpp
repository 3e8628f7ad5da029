#pragma once

// What the tests of fault injection share.

#include <functional>
#include <mutex>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/live_objects.hpp>
#include <coppice/process/registry.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/process/timer.hpp>

#include "process/process_testing.hpp"

namespace shop {

struct note {
  int number = 0;
};
struct ask {
  using reply = int;
};
struct later {
  using reply = int;
};
struct listen {};
struct boom {};
struct finish {};
struct unknown {};

/// Notes numbers; `listen` receives one in its handler; `later` is never answered.
class desk : public coppice::server<desk, note, ask, later, listen, boom, finish> {
 public:
  explicit desk(std::vector<std::string>* told = nullptr) : told_{told} { tell("made"); }
  desk(const desk&) = delete;
  desk& operator=(const desk&) = delete;
  ~desk() override { tell("destroyed"); }

  void handle(note taken) {
    sum_ += taken.number;
    tell("note");
  }
  int handle(ask /*asked*/) {
    tell("ask");
    return sum_;
  }
  void handle(later /*asked*/, const coppice::from<int>& /*whom*/) {}
  void handle(listen /*told*/) {
    coppice::receive([this](note taken) { sum_ += taken.number; });
  }
  void handle(boom /*told*/) { throw std::runtime_error{"boom"}; }
  void handle(finish /*told*/) { stop(); }
  void terminate(const coppice::exit_reason& reason) { tell("terminate " + reason.to_string()); }

 private:
  void tell(std::string what) {
    if (told_ != nullptr) told_->push_back(std::move(what));
  }

  std::vector<std::string>* told_;
  int sum_ = 0;
};

}  // namespace shop

namespace coppice::testing {

/// What happened, in order, a line each.
class texts : public std::vector<std::string> {
 public:
  using vector::vector;
  friend std::ostream& operator<<(std::ostream& out, const texts& lines) {
    for (const auto& each : lines) out << "\n    " << each;
    return out;
  }
};

/// Writes down where it was asked, and does what the test says.
class scripted final : public fault_injector {
 public:
  void at(fault_point point, std::string_view what) override {
    texts_.push_back(std::string{to_string(point)} + (what.empty() ? "" : " ") + std::string{what});
    if (act) act(point);
  }
  std::chrono::nanoseconds delay(pid to) noexcept override { return delays ? delays(to) : std::chrono::nanoseconds{0}; }
  bool fails_allocation() noexcept override { return fails && fails(); }

  texts take() { return std::exchange(texts_, {}); }

  /// Does `what` when it is next asked at `where`, once.
  void once(fault_point where, std::function<void()> what) {
    act = [this, where, what = std::move(what)](fault_point point) {
      if (point != where) return;
      const auto now = what;
      act = nullptr;
      now();
    };
  }

  std::function<void(fault_point)> act;
  std::function<std::chrono::nanoseconds(pid)> delays;
  std::function<bool()> fails;

 private:
  texts texts_;
};

/// Writes down what was lost and which calls failed.
class mourner final : public process_observer {
 public:
  void process_ended(pid, pid, const exit_reason&) noexcept override {}
  void message_lost(pid to, std::string_view type) noexcept override {
    const std::lock_guard hold{lock_};
    lost_.push_back(std::string{type} + (to ? "" : " to nobody"));
  }
  void call_failed(pid server, std::string_view name, const exit_reason& reason) noexcept override {
    const std::lock_guard hold{lock_};
    failed_.push_back((server ? "" : "nobody ") + std::string{name} + (name.empty() ? "" : " ") + reason.to_string());
  }
  texts lost() {
    const std::lock_guard hold{lock_};
    return std::exchange(lost_, {});
  }
  texts failed() {
    const std::lock_guard hold{lock_};
    return std::exchange(failed_, {});
  }

 private:
  std::mutex lock_;
  texts lost_;
  texts failed_;
};

/// In virtual time, in a main whose children may be harmed and which traps exits.
template <class Body>
void with_injector(Body body) {
  for (const std::uint64_t seed : {0U, 1U, 2U, 3U}) {
    scripted injector;
    runtime_options options{.threads = 1, .virtual_time = true, .faults = &injector};
    if (seed != 0) options.seed = seed;
    in_runtime(options, [&] {
      process_flag(trap_exit, true);
      detail::observe_children(true);
      body(injector);
    });
  }
}

/// Lets all that can happen without time happen.
inline void settle() {
  await_idle();
}

}  // namespace coppice::testing
