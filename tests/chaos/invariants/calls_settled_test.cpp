#include <coppice/behaviours/server.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/waiting_callers.hpp>

#include "chaos/invariants/story.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

namespace {

struct question {
  using reply = int;
};
struct answer_now {};

/// Keeps questions.
class keeper : public server<keeper, question, answer_now> {
 public:
  void handle(question, const from<int>& asker) { asker_ = asker; }
  void handle(answer_now) { reply(asker_, 1); }

 private:
  from<int> asker_{};
};

}  // namespace

TEST_SUITE("invariants: every call answered or failed") {
  const names broken{"every call answered or failed"};

  TEST_CASE("a call that a living server keeps is not in vain, nor one that was answered or has failed") {
    std::vector<std::size_t> in_vain;
    CHECK(simulation{1}.run([&] {
      const pid server = start<keeper>().process();
      const auto ask = [server] {
        try {
          call(server, question{}, infinity);
        } catch (const exit_exception&) {  // NOLINT(bugprone-empty-catch): failed
        }
      };
      const auto look = [&] {
        await_idle();
        in_vain.push_back(detail::callers_in_vain().size());
      };
      spawn(ask);
      look();
      cast(server, answer_now{});
      look();
      spawn(ask);
      await_idle();
      exit(server, exit_reason::kill());
      look();
    }) == 0);
    CHECK(in_vain == std::vector<std::size_t>{0, 0, 0});
  }

  TEST_CASE("it needs virtual time") {
    bool refused = false;
    run([&] {
      try {
        detail::callers_in_vain();
      } catch (const std::logic_error&) {
        refused = true;
      }
    });
    CHECK(refused);
  }

  TEST_CASE("a counted call has one end") {
    story told;
    told.checker.call_begun();
    told.checker.call_begun();
    told.checker.call_answered();
    // The other one may be answered yet.
    CHECK(told.broken_at_quiet().empty());
    told.checker.call_failed();
    CHECK(told.broken_at_quiet().empty());
    told.checker.call_failed();
    CHECK(told.broken_at_quiet() == broken);
  }

  TEST_CASE("when the tree is gone no counted call is left open") {
    story told;
    told.checker.call_begun();
    CHECK(simulation{1}.run([&] { told.checker.check_gone(processes(), told.now); }) == 0);
    CHECK(told.broken() == broken);
  }
}
