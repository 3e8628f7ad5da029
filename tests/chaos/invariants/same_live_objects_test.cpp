#include "chaos/invariants/story.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

TEST_SUITE("invariants: as many live objects as before") {
  TEST_CASE("each kind is compared") {
    using field = std::size_t live_objects::*;
    const field fields[] = {&live_objects::processes, &live_objects::envelopes, &live_objects::timers,
                            &live_objects::links,     &live_objects::monitors,  &live_objects::watchers,
                            &live_objects::stacks,    &live_objects::names};
    for (const field more : fields) {
      live_objects now{.processes = 7, .links = 3};
      story told{{.count = [&now] { return now; }}};
      CHECK(simulation{1}.run([&] {
        told.checker.begin();
        ++(now.*more);
        told.checker.check_gone({}, told.now);
      }) == 0);
      CHECK(told.broken() == names{"as many live objects as before"});
    }
  }

  TEST_CASE("as many are right") {
    story told{{.count = [] { return live_objects{.processes = 7}; }}};
    CHECK(simulation{1}.run([&] {
      told.checker.begin();
      told.checker.check_gone({}, told.now);
    }) == 0);
    CHECK(told.broken().empty());
  }
}
