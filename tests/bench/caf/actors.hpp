#pragma once

// The same workloads for CAF 0.17, with event-based actors: a blocking one has a thread of its own, and would measure
// that.

#include <cstdint>

#include <caf/all.hpp>

#include "../driver/occasion.hpp"

namespace bench {

using view_atom = caf::atom_constant<caf::atom("view")>;
using add_atom = caf::atom_constant<caf::atom("add")>;
using mark_atom = caf::atom_constant<caf::atom("mark")>;
using work_atom = caf::atom_constant<caf::atom("work")>;
using done_atom = caf::atom_constant<caf::atom("done")>;
using again_atom = caf::atom_constant<caf::atom("again")>;
using ball_atom = caf::atom_constant<caf::atom("ball")>;
using meet_atom = caf::atom_constant<caf::atom("meet")>;
using item_atom = caf::atom_constant<caf::atom("item")>;
using start_atom = caf::atom_constant<caf::atom("start")>;
using stop_atom = caf::atom_constant<caf::atom("stop")>;
using forget_atom = caf::atom_constant<caf::atom("forget")>;

/// The actor system of this run. The thread of a workload is none of its workers: it gives out the work and waits.
caf::actor_system& actors();

/// The calculator. Answers a mark as well, by which a sender knows how far it is.
class calc : public caf::event_based_actor {
 public:
  calc(caf::actor_config& config, double initial) : event_based_actor{config}, value_{initial} {}

 protected:
  caf::behavior make_behavior() override {
    return {[this](view_atom) { return value_; }, [this](add_atom, double by) { value_ += by; },
            [](mark_atom) { return done_atom::value; }};
  }

 private:
  double value_;
};

/// Has `worker` do so many operations, and returns what it answers: a number, or nanoseconds.
inline double have_done(caf::scoped_actor& boss, const caf::actor& worker, std::uint64_t operations) {
  double answer = 0;
  boss->send(worker, work_atom::value, operations, caf::actor{boss});
  boss->receive([&answer](done_atom, double it) { answer = it; });
  return answer;
}

inline void kill(const caf::actor& victim) {
  caf::anon_send_exit(victim, caf::exit_reason::kill);
}

void call(occasion&);
void call_100(occasion&);
void cast(occasion&);
void cast_4(occasion&);
void cast_across(occasion&);
void ping_pong(occasion&);
void ring_503(occasion&);
void ring_10000(occasion&);
void pairs(occasion&);
void selective_guard(occasion&);
void selective_reference(occasion&);

void spawn_exit(occasion&);
void start_stop(occasion&);
void skynet(occasion&);
void idle_server(occasion&);
void kill_server(occasion&);
void link_chain(occasion&);
void timers(occasion&);
void timer_lateness(occasion&);
void idle_cpu(occasion&);

void kill_300(occasion&);
void kill_10000(occasion&);
void random_1000_300(occasion&);
void random_1000_20000(occasion&);
void random_100000(occasion&);
void one_for_all(occasion&);
void tree(occasion&);
void start_child(occasion&);
void terminate_child(occasion&);

}  // namespace bench
