#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include <coppice/chaos/chaos_injector.hpp>
#include <coppice/process/control_block.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/process.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/send.hpp>
#include <coppice/process/timer.hpp>

namespace coppice {

namespace {

/// To what hangs: go on.
struct hang_is_over {};

bool is_step_of_work(fault_point point) noexcept {
  return point == fault_point::handler_begins || point == fault_point::receive;
}

}  // namespace

chaos_injector::chaos_injector(chaos_recorder& recorder, std::uint64_t seed) : recorder_{recorder}, dice_{seed} {}

void chaos_injector::cost_of(std::string path, const virtual_cost& cost) {
  costs_.insert_or_assign(std::move(path), cost);
}

void chaos_injector::at_each_step(std::function<void(const step&)> hook) {
  hook_ = std::move(hook);
}

// Orders
// ------------------------------------------------------------------------------------------------------------------

void chaos_injector::fail_starts(std::string_view path, std::uint64_t count) {
  const std::lock_guard hold{lock_};
  failing_starts_.insert_or_assign(std::string{path}, count);
}

void chaos_injector::make_throw(pid victim, std::string text) {
  detail::make_act(victim, [this, ordered = calms_.load(), text = std::move(text)] {
    if (ordered == calms_.load()) throw std::runtime_error{text};
  });
}

void chaos_injector::make_hang(pid victim, std::optional<duration> time) {
  detail::make_act(victim, [this, ordered = calms_.load(), time] {
    if (ordered == calms_.load()) hang(time);
  });
}

void chaos_injector::slow_down(pid victim, duration by, duration lasting) {
  const std::lock_guard hold{lock_};
  patients_[victim].slow = {by, monotonic_time() + lasting};
}

void chaos_injector::delay_messages(pid victim, duration by, duration lasting) {
  const std::lock_guard hold{lock_};
  patients_[victim].delayed = {by, monotonic_time() + lasting};
  has_delays_ = true;
}

void chaos_injector::fail_allocation(pid victim, std::uint64_t nth) {
  const std::lock_guard hold{lock_};
  patients_[victim].allocations_left = nth;
}

void chaos_injector::calm() {
  std::vector<pid> hanging;
  ++calms_;
  {
    const std::lock_guard hold{lock_};
    failing_starts_.clear();
    has_delays_ = false;
    for (auto& [process, whom] : patients_) {
      whom.slow = {};
      whom.delayed = {};
      whom.allocations_left = 0;
    }
    hanging.assign(hanging_.begin(), hanging_.end());
  }
  for (const pid each : hanging) send(each, hang_is_over{});
}

bool chaos_injector::is_anybody_in_a_step() {
  const std::lock_guard hold{lock_};
  return std::any_of(patients_.begin(), patients_.end(), [](const auto& each) { return each.second.in_step; });
}

void chaos_injector::forget(pid process) {
  const std::lock_guard hold{lock_};
  patients_.erase(process);
  hanging_.erase(process);
}

// While it lives, the process is in a step.
class chaos_injector::in_step {
 public:
  in_step(chaos_injector& of, pid process, const std::string& path) : of_{of}, process_{process} {
    const std::lock_guard hold{of_.lock_};
    patient& whom = of_.patients_[process_];
    whom.path = path;
    whom.path_known = !path.empty();
    whom.in_step = true;
  }
  in_step(const in_step&) = delete;
  in_step& operator=(const in_step&) = delete;
  ~in_step() {
    const std::lock_guard hold{of_.lock_};
    of_.patients_[process_].in_step = false;
  }

 private:
  chaos_injector& of_;
  pid process_;
};

// What processes come to
// ------------------------------------------------------------------------------------------------------------------

void chaos_injector::at(fault_point point, std::string_view what) {
  const pid me = self();
  const pid parent = detail::control_block::current().parent();
  std::string path;
  bool is_known = false;
  {
    const std::lock_guard hold{lock_};
    if (const auto found = patients_.find(me); found != patients_.end()) {
      // What it does for the sake of harm is no step of its own.
      if (found->second.in_step) return;
      path = found->second.path;
      is_known = found->second.path_known;
    }
  }
  if (!is_known) path = recorder_.path_of(me, parent).value_or("");
  const in_step guard{*this, me, path};
  if (hook_) hook_({point, what, path, me});

  duration time{0};
  bool fails = false;
  {
    const std::lock_guard hold{lock_};
    patient& whom = patients_[me];
    time = time_of(point, whom);
    if (point == fault_point::init_begins) {
      if (const auto found = failing_starts_.find(path); found != failing_starts_.end()) {
        fails = true;
        if (--found->second == 0) failing_starts_.erase(found);
      }
    }
  }
  if (time.count() > 0) sleep(time);
  if (fails) exit("injected");
}

void chaos_injector::hang(std::optional<duration> time) {
  const pid me = self();
  const in_step guard{*this, me, recorder_.path_of(me, pid{}).value_or("")};
  {
    const std::lock_guard hold{lock_};
    hanging_.insert(me);
  }
  recorder_.hung(me);
  const auto is_over = [](hang_is_over) {};
  if (time) {
    receive(is_over, after(*time, [] {}));
  } else {
    receive(is_over);
  }
  recorder_.back_from_hang(me);
  const std::lock_guard hold{lock_};
  hanging_.erase(me);
}

chaos_injector::duration chaos_injector::time_of(fault_point point, const patient& whom) {
  duration time{0};
  if (const auto found = costs_.find(whom.path); found != costs_.end()) {
    const virtual_cost& cost = found->second;
    if (point == fault_point::init_begins) time = cost.init;
    if (is_step_of_work(point)) time = cost.handler;
    if (point == fault_point::terminate_begins) time = cost.terminate;
    if (cost.spread == virtual_cost::distribution::uniform) time = dice_.uniform(time);
    if (cost.spread == virtual_cost::distribution::exponential) time = dice_.exponential(time);
  }
  if (is_step_of_work(point) && whom.slow.by.count() > 0 && monotonic_time() < whom.slow.until) time += whom.slow.by;
  return time;
}

chaos_injector::duration chaos_injector::delay(pid to) noexcept {
  const std::lock_guard hold{lock_};
  if (!has_delays_) return duration{0};
  const auto found = patients_.find(to);
  if (found == patients_.end() || found->second.delayed.by.count() == 0) return duration{0};
  return monotonic_time() < found->second.delayed.until ? found->second.delayed.by : duration{0};
}

bool chaos_injector::fails_allocation() noexcept {
  const std::lock_guard hold{lock_};
  const auto found = patients_.find(self());
  if (found == patients_.end() || found->second.allocations_left == 0) return false;
  return --found->second.allocations_left == 0;
}

}  // namespace coppice
