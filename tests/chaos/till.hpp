#pragma once

// What the trees of these tests are made of.

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/link.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/send.hpp>
#include <coppice/process/spawn.hpp>
#include <coppice/supervision/supervisor.hpp>
#include <coppice/tree/worker_registry.hpp>

namespace chaos_tests {

struct sell {
  int price;
};
struct total {
  using reply = int;
};
struct tell_me {
  coppice::pid to;
};
struct sold {
  int price;
};
/// Leaves a process behind that nobody knows.
struct leave_behind {};

/// Counts what it sells, and fails at what has no price.
class till : public coppice::server<till, sell, total, tell_me, leave_behind> {
 public:
  void handle(sell what) {
    if (what.price == 0) throw std::runtime_error{"no price"};
    total_ += what.price;
    if (listener_) send(listener_, sold{what.price});
  }
  int handle(total) const { return total_; }
  void handle(tell_me who) { listener_ = who.to; }
  void handle(leave_behind) {
    coppice::spawn([] { coppice::receive([](sold) {}); });
  }

 private:
  int total_ = 0;
  coppice::pid listener_;
};

inline coppice::child_spec child(std::string id) {
  coppice::child_spec made;
  made.id = std::move(id);
  made.start = coppice::starts<till>();
  return made;
}

inline coppice::child_spec supervisor(std::string id, coppice::supervisor_init init) {
  coppice::child_spec made;
  made.id = std::move(id);
  made.type = coppice::child_type::supervisor;
  made.start = [init = std::move(init)] { return coppice::start_supervisor(init); };
  return made;
}

/// `root` with the tills `a` and `b`, and the pool `root/pool` with the till `c`.
inline coppice::supervisor_init shop(coppice::strategy how = coppice::strategy::one_for_one) {
  return {.flags = {.strategy = how, .max_restarts = 3},
          .children = {child("a"), child("b"), supervisor("pool", {.children = {child("c")}})}};
}

inline const coppice::worker_registry& workers() {
  static const coppice::worker_registry made = [] {
    coppice::worker_registry filled;
    filled.add<till>("till");
    return filled;
  }();
  return made;
}

}  // namespace chaos_tests
