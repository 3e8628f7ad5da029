#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "comparison.hpp"
#include "generator.hpp"
#include "model.hpp"
#include "normal_form.hpp"
#include "recorded_trace.hpp"

namespace {

using namespace coppice::conformance;
using lines = std::vector<std::string>;

bool differ(const std::string& one, const std::string& other, bool strict = false) {
  return first_difference(to_normal_form(one), to_normal_form(other), "one", "other", strict).has_value();
}

normal_trace trace_of_seed(std::uint64_t seed) {
  auto made = generate(seed, workers_of(seed));
  model account(made.tree);
  for (const auto& step : made.script) account.step(step);
  account.finish();
  return {in_normal_order(account.lines()), {}};
}

bool equal(const normal_trace& one, const normal_trace& other) {
  return !first_difference(one, other, "one", "other", true).has_value();
}

/// A short run: a worker crashes and comes back, an answer, the end.
const std::string short_trace =
    R"({"event":"started","path":"root/a","incarnation":1}
{"event":"started","path":"root","incarnation":1}
{"event":"idle","step":0,"alive":{"root":1,"root/a":1}}
{"event":"exited","path":"root/a","incarnation":1,"reason":"boom"}
{"event":"started","path":"root/a","incarnation":2}
{"event":"idle","step":1,"alive":{"root":1,"root/a":2}}
{"event":"result","step":2,"ok":true,"value":3.5}
{"event":"idle","step":2,"alive":{"root":1,"root/a":2}}
{"event":"exited","path":"root/a","incarnation":2,"reason":"shutdown"}
{"event":"exited","path":"root","incarnation":1,"reason":"shutdown"}
{"event":"done"}
)";

std::string with(std::string text, const std::string& from, const std::string& to) {
  auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_SUITE("conformance normal form") {
  TEST_CASE("an event is one line of text") {
    CHECK(to_normal_form(short_trace).lines ==
          lines{"started root/a 1", "started root 1", "idle 0 root=1 root/a=1", "exited root/a 1 boom",
                "started root/a 2", "idle 1 root=1 root/a=2", "result 2 ok 3.5", "idle 2 root=1 root/a=2",
                "exited root/a 2 shutdown", "exited root 1 shutdown", "done"});
  }

  TEST_CASE("the order of keys does not matter") {
    CHECK_FALSE(differ(R"({"event":"started","path":"a","incarnation":1})",
                       R"({"incarnation":1,"event":"started","path":"a"})"));
    CHECK_FALSE(differ(R"({"event":"idle","step":0,"alive":{"a":1,"b":2}})",
                       R"({"event":"idle","step":0,"alive":{"b":2,"a":1}})"));
  }

  TEST_CASE("a result stands directly before its idle") {
    CHECK(to_normal_form(R"({"event":"result","step":1,"ok":true}
{"event":"exited","path":"root/a","incarnation":1,"reason":"shutdown"}
{"event":"idle","step":1,"alive":{}})")
              .lines == lines{"exited root/a 1 shutdown", "result 1 ok", "idle 1"});
  }

  TEST_CASE("numbers have twelve significant digits") {
    CHECK(number_text(5.0) == "5");
    CHECK(number_text(-0.0) == "0");
    CHECK(number_text(3.5) == "3.5");
    CHECK(number_text(1.0 / 3) == "0.333333333333");
    CHECK_FALSE(differ(R"({"event":"result","step":1,"ok":true,"value":5})",
                       R"({"event":"result","step":1,"ok":true,"value":5.0})"));
    CHECK_FALSE(differ(R"({"event":"result","step":1,"ok":true,"value":0.1})",
                       R"({"event":"result","step":1,"ok":true,"value":0.10000000000000001})"));
    CHECK_FALSE(differ(R"({"event":"result","step":1,"ok":true,"value":1e20})",
                       R"({"event":"result","step":1,"ok":true,"value":100000000000000000000})"));
    CHECK(differ(R"({"event":"result","step":1,"ok":true,"value":5})",
                 R"({"event":"result","step":1,"ok":true,"value":5.0001})"));
    CHECK(differ(R"({"event":"result","step":1,"ok":true,"value":5})",
                 R"({"event":"result","step":1,"ok":true,"value":"5"})"));
  }

  TEST_CASE("what is no event of the contract is left out with a note") {
    auto trace = to_normal_form(R"(hello
{"event":"cheer"}
{"no":"event"}
{"event":"started","path":"a","incarnation":1,"pid":"<0.1.0>"}
{"event":"result","step":1,"error":"noproc","ok":false}
{"event":"result","step":2,"ok":true,"value":null})");
    CHECK(trace.lines == lines{"started a 1", "result 1 error noproc", "result 2 ok"});
    CHECK(trace.notes.size() == 6);
    CHECK(trace.notes[0].starts_with("line 1: "));
  }

  TEST_CASE("strictly, what is left out is a difference") {
    auto talkative = R"({"event":"cheer"})"
                     "\n" +
                     short_trace;
    CHECK_FALSE(differ(short_trace, talkative));
    CHECK(differ(short_trace, talkative, true));
    CHECK(differ(talkative, short_trace, true));
    CHECK_FALSE(differ(short_trace, short_trace, true));
  }

  TEST_CASE("a member that is missing or of the wrong type is a difference") {
    CHECK(differ(short_trace, with(short_trace, R"("incarnation":1,"reason":"boom")", R"("reason":"boom")")));
    CHECK(differ(short_trace, with(short_trace, R"("incarnation":2})", R"("incarnation":"2"})")));
    CHECK(differ(short_trace, with(short_trace, R"("ok":true)", R"("ok":1)")));
    CHECK(differ(short_trace, with(short_trace, R"("alive":{"root":1,"root/a":2})", R"("alive":null)")));
  }
}

// The order of ends that OTP leaves open: root/s is killed, and below it are two workers and a supervisor with two
// more.
TEST_SUITE("conformance order below a killed supervisor") {
  const lines start = {"started root/s/a 1", "started root/s/t/x 1", "started root/s/t/y 1",
                       "started root/s/t 1", "started root/s/z 1",   "started root/s 1",
                       "started root/w 1",   "started root 1",       "idle 0 root=1"};

  lines after_start(lines more) {
    lines all = start;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  const lines ordered =
      after_start({"exited root/s 1 killed", "exited root/s/a 1 killed", "exited root/s/t/y 1 shutdown",
                   "exited root/s/t/x 1 shutdown", "exited root/s/t 1 killed", "exited root/s/z 1 killed",
                   "started root/s/a 2", "started root/s 2", "idle 1"});

  TEST_CASE("ends are grouped by child and the groups sorted by id") {
    CHECK(in_normal_order(ordered) == ordered);
    CHECK(in_normal_order(
              after_start({"exited root/s 1 killed", "exited root/s/z 1 killed", "exited root/s/t/y 1 shutdown",
                           "exited root/s/a 1 killed", "exited root/s/t/x 1 shutdown", "exited root/s/t 1 killed",
                           "started root/s/a 2", "started root/s 2", "idle 1"})) == ordered);
  }

  TEST_CASE("ends come before what the parent did meanwhile") {
    CHECK(
        in_normal_order(after_start({"exited root/s 1 killed", "started root/s/a 2", "exited root/s/z 1 killed",
                                     "exited root/s/t/y 1 shutdown", "started root/s 2", "exited root/s/t/x 1 shutdown",
                                     "exited root/s/t 1 killed", "exited root/s/a 1 killed", "idle 1"})) == ordered);
  }

  TEST_CASE("the order inside a group stays") {
    auto swapped = after_start({"exited root/s 1 killed", "exited root/s/a 1 killed", "exited root/s/t/x 1 shutdown",
                                "exited root/s/t/y 1 shutdown", "exited root/s/t 1 killed", "exited root/s/z 1 killed",
                                "started root/s/a 2", "started root/s 2", "idle 1"});
    CHECK(in_normal_order(swapped) == swapped);
  }

  TEST_CASE("the rule is applied again inside a group") {
    auto inner_killed_first =
        after_start({"exited root/s 1 killed", "exited root/s/t 1 killed", "exited root/s/z 1 killed",
                     "exited root/s/t/y 1 killed", "exited root/s/t/x 1 killed", "exited root/s/a 1 killed", "idle 1"});
    CHECK(in_normal_order(inner_killed_first) ==
          after_start({"exited root/s 1 killed", "exited root/s/a 1 killed", "exited root/s/t 1 killed",
                       "exited root/s/t/x 1 killed", "exited root/s/t/y 1 killed", "exited root/s/z 1 killed",
                       "idle 1"}));
  }

  TEST_CASE("an end of a later incarnation is not moved") {
    auto successor = after_start({"exited root/s 1 killed", "exited root/s/a 1 killed", "started root/s/a 2",
                                  "exited root/w 1 shutdown", "exited root/s/a 2 shutdown", "idle 1"});
    CHECK(in_normal_order(successor) == successor);
  }

  TEST_CASE("an end in a later step is not moved") {
    auto later =
        after_start({"exited root/s 1 killed", "idle 1", "exited root/w 1 boom", "exited root/s/a 1 killed", "idle 2"});
    CHECK(in_normal_order(later) == later);
  }

  TEST_CASE("a path that only begins alike is not below") {
    auto alike = lines{"started root/s 1",       "started root/s2 1",    "started root/a 1",        "idle 0",
                       "exited root/s 1 killed", "exited root/a 1 boom", "exited root/s2 1 killed", "idle 1"};
    CHECK(in_normal_order(alike) == alike);
  }
}

// Every way to spoil a trace has to be seen, or zero differences would mean nothing.
TEST_SUITE("conformance comparison can fail") {
  const std::vector<std::uint64_t> seeds = {1, 2, 3, 4, 5, 17, 42, 99};

  bool is_seen(const normal_trace& trace, const lines& spoilt) {
    return !equal(trace, {in_normal_order(spoilt), {}});
  }

  TEST_CASE("a dropped event is seen, whichever it is") {
    for (auto seed : seeds) {
      auto trace = trace_of_seed(seed);
      for (std::size_t at = 0; at < trace.lines.size(); ++at) {
        auto spoilt = trace.lines;
        spoilt.erase(spoilt.begin() + static_cast<std::ptrdiff_t>(at));
        CAPTURE(seed);
        CAPTURE(trace.lines[at]);
        CHECK(is_seen(trace, spoilt));
      }
    }
  }

  TEST_CASE("a doubled event is seen, whichever it is") {
    for (auto seed : seeds) {
      auto trace = trace_of_seed(seed);
      for (std::size_t at = 0; at < trace.lines.size(); ++at) {
        auto spoilt = trace.lines;
        spoilt.insert(spoilt.begin() + static_cast<std::ptrdiff_t>(at), trace.lines[at]);
        CHECK(is_seen(trace, spoilt));
      }
    }
  }

  TEST_CASE("another reason or incarnation is seen, whichever it is") {
    for (auto seed : seeds) {
      auto trace = trace_of_seed(seed);
      for (std::size_t at = 0; at < trace.lines.size(); ++at) {
        auto spoilt = trace.lines;
        spoilt[at] += "1";
        CHECK(is_seen(trace, spoilt));
      }
    }
  }

  TEST_CASE("swapped starts are seen, and swapped ends where no supervisor was killed") {
    int swaps = 0;
    for (auto seed : seeds) {
      // With calc alone, two neighbours that end with shutdown never belong to two groups below a killed supervisor.
      if (workers_of(seed) != workers::calc_only) continue;
      auto trace = trace_of_seed(seed);
      for (std::size_t at = 0; at + 1 < trace.lines.size(); ++at) {
        const auto& first = trace.lines[at];
        const auto& second = trace.lines[at + 1];
        bool starts = first.starts_with("started ") && second.starts_with("started ");
        bool ends = first.starts_with("exited ") && second.starts_with("exited ") && first.ends_with(" shutdown") &&
                    second.ends_with(" shutdown");
        if (!starts && !ends) continue;
        auto spoilt = trace.lines;
        std::swap(spoilt[at], spoilt[at + 1]);
        CHECK(is_seen(trace, spoilt));
        ++swaps;
      }
    }
    CHECK(swaps > 100);
  }

  TEST_CASE("a trace that ends early or goes on is seen") {
    auto trace = trace_of_seed(7);
    auto shorter = trace.lines;
    shorter.pop_back();
    CHECK(is_seen(trace, shorter));
    auto longer = trace.lines;
    longer.push_back("done");
    CHECK(is_seen(trace, longer));
    CHECK(is_seen(trace, {}));
  }

  TEST_CASE("the first difference is told with what came before") {
    auto difference = first_difference(to_normal_form(short_trace), to_normal_form(with(short_trace, "boom", "bang")),
                                       "otp", "coppice", false);
    REQUIRE(difference.has_value());
    CHECK(*difference ==
          "line 4 of the normal form, the step after idle 0:\n"
          "  both: started root/a 1\n"
          "  both: started root 1\n"
          "  both: idle 0 root=1 root/a=1\n"
          "  otp: exited root/a 1 boom\n"
          "  otp: started root/a 2\n"
          "  otp: idle 1 root=1 root/a=2\n"
          "  coppice: exited root/a 1 bang\n"
          "  coppice: started root/a 2\n"
          "  coppice: idle 1 root=1 root/a=2\n");
  }
}

TEST_SUITE("conformance recorded traces") {
  TEST_CASE("what was recorded is read back") {
    recorded_traces traces;
    for (std::uint64_t seed = 1; seed <= 30; ++seed) traces["seed-" + std::to_string(seed)] = trace_of_seed(seed);
    std::stringstream text;
    write_recorded(text, traces);
    auto read = read_recorded(text);
    REQUIRE(read.size() == traces.size());
    for (const auto& [name, trace] : traces) CHECK(equal(trace, read[name]));
  }

  TEST_CASE("an idle whose processes do not follow from the starts and ends is not recorded") {
    recorded_traces traces;
    traces["wrong"].lines = {"started root 1", "idle 0 root=2", "done"};
    std::stringstream text;
    CHECK_THROWS_AS(write_recorded(text, traces), std::invalid_argument);
  }

  TEST_CASE("text that is no recorded trace is refused") {
    for (const auto* wrong : {"+root 1\n", "scenario a\nhello\n", "scenario a\n+root\n"}) {
      std::stringstream text(wrong);
      CHECK_THROWS_AS(read_recorded(text), std::invalid_argument);
    }
  }
}

TEST_SUITE("conformance generator") {
  TEST_CASE("a seed gives the same scenario each time, another seed another") {
    auto made = generate(12, workers::all);
    auto again = generate(12, workers::all);
    CHECK(made.tree == again.tree);
    CHECK(made.script == again.script);
    CHECK(generate(13, workers::all).tree != made.tree);
  }

  TEST_CASE("calc is the only worker unless all are asked for") {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
      auto text = generate(seed, workers::calc_only).tree.dump();
      for (const auto* other : {"trapper", "stubborn", "ignorer", "bad_terminate", "loner"}) {
        CHECK(text.find(other) == std::string::npos);
      }
    }
  }

  // What the model counts as restarts is what the real supervisor counts, as their traces are equal; so its account of
  // time can be held against the contract.
  TEST_CASE("restarts are never near the edge of a period") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
      auto which = workers_of(seed);
      auto made = generate(seed, which);
      model account(made.tree);
      std::map<const model::process*, std::vector<std::int64_t>> restarts;
      for (const auto& step : made.script) {
        account.step(step);
        for (const auto& [path, one] : account.living()) {
          if (!one->is_supervisor()) continue;
          auto& known = restarts[one];
          for (auto at : one->restarts_ms) {
            if (std::find(known.begin(), known.end(), at) == known.end()) known.push_back(at);
          }
        }
      }
      for (const auto& [supervisor, times] : restarts) {
        auto period_ms = supervisor->spec.value("max_seconds", std::int64_t{5}) * 1000;
        auto near_side = which == workers::all ? period_ms - 2000 : period_ms;
        for (auto earlier : times) {
          for (auto later : times) {
            auto apart = later - earlier;
            CAPTURE(seed);
            CHECK((apart <= near_side || apart >= period_ms + 1000));
          }
        }
      }
    }
  }
}
