#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/link.hpp>
#include <coppice/tree/worker_message.hpp>

#include "process/process_testing.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using nlohmann::json;
using namespace std::chrono_literals;

namespace worker_message_test {

struct push {
  std::string text;
};
struct clear {};
struct sized {
  std::int64_t width = 0;
  std::int64_t height = 0;
};
BOOST_DESCRIBE_STRUCT(sized, (), (width, height))
struct secret {
  std::unique_ptr<int> hidden;
};

struct all {
  using reply = std::vector<std::string>;
};
struct area {
  using reply = sized;
};
struct hide {
  using reply = secret;
};
struct at {
  using reply = std::string;
  std::int64_t index = 0;
};
struct crash {
  using reply = int;
};

class store : public server<store, push, clear, sized, secret, all, area, hide, at, crash> {
 public:
  void handle(push told) { texts_.push_back(std::move(told.text)); }
  void handle(clear /*told*/) { texts_.clear(); }
  void handle(sized told) { size_ = told; }
  void handle(secret /*told*/) {}
  std::vector<std::string> handle(all /*asked*/) const { return texts_; }
  sized handle(area /*asked*/) const { return size_; }
  secret handle(hide /*asked*/) { return {}; }
  std::string handle(at asked) const { return texts_.at(static_cast<std::size_t>(asked.index)); }
  int handle(crash /*asked*/) { exit("boom"); }

 private:
  std::vector<std::string> texts_;
  sized size_;
};

}  // namespace worker_message_test

namespace {

using worker_message_test::store;

const worker& of_store() {
  static const worker_registry workers = [] {
    worker_registry made;
    made.add<store>("store");
    return made;
  }();
  return *workers.find("store");
}

std::string fault_of(const json& message) {
  const auto faults = check_worker_message(of_store(), message);
  return faults.empty() ? "" : faults.front().pointer + ": " + faults.front().text;
}

bool contains(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

TEST_SUITE("worker_message") {
  TEST_CASE("messages are made from their JSON form, sent, and asked for") {
    in_virtual_time([] {
      const pid process = of_store().start(json::object(), {}).process();
      for (const json& each :
           {json{{"push", "a"}}, json{{"push", "b"}}, json{{"sized", {{"width", 2}, {"height", 3}}}}}) {
        CHECK(fault_of(each) == "");
        send_worker_message(of_store(), process, each);
      }
      CHECK(check_worker_query(of_store(), "all") == "");
      CHECK(query_worker(of_store(), process, "all", 1s) == json::array({"a", "b"}));
      CHECK(query_worker(of_store(), process, "area", 1s) == json{{"width", 2}, {"height", 3}});
      send_worker_message(of_store(), process, {{"clear", nullptr}});
      CHECK(query_worker(of_store(), process, "all", 1s) == json::array());
    });
  }

  TEST_CASE("a message may be named in full") {
    CHECK(fault_of({{"worker_message_test::push", "a"}}) == "");
    CHECK(check_worker_query(of_store(), "worker_message_test::all") == "");
  }

  TEST_CASE("a message that the worker does not have is a fault, with the one that was meant") {
    const std::string fault = fault_of({{"pusch", "a"}});
    CHECK(contains(fault, "pusch"));
    CHECK(contains(fault, "push"));
  }

  TEST_CASE("a message of the wrong shape is a fault, wherever it is wrong") {
    for (const json& wrong :
         {json(42), json("push"), json(nullptr), json::array(), json::object(), json{{"push", "a"}, {"clear", nullptr}},
          json{{"push", 1}}, json{{"push", json::object()}}, json{{"sized", {{"width", "x"}}}},
          json{{"sized", {{"width", 1}, {"heigth", 2}}}}, json{{"clear", 1}}}) {
      CHECK_MESSAGE(fault_of(wrong) != "", wrong.dump());
    }
  }

  TEST_CASE("a message that cannot be made from JSON is a fault, not a crash") {
    CHECK(fault_of({{"secret", nullptr}}) != "");
  }

  TEST_CASE("a query has to be a message with a reply that JSON can show") {
    CHECK(contains(check_worker_query(of_store(), "push"), "no reply"));
    CHECK(contains(check_worker_query(of_store(), "hide"), "no JSON form"));
    const std::string unknown = check_worker_query(of_store(), "al");
    CHECK(contains(unknown, "has no message \"al\""));
    CHECK(contains(unknown, "did you mean \"all\"?"));
    CHECK(contains(unknown, "push, clear, sized"));
  }

  TEST_CASE("a query with fields is refused, for it cannot be asked by its name alone") {
    CHECK(check_worker_query(of_store(), "at") != "");
  }

  TEST_CASE("a query exits its caller as a call does") {
    in_virtual_time([] {
      process_flag(trap_exit, true);
      const pid process = of_store().start(json::object(), {}).process();
      CHECK_THROWS_AS(query_worker(of_store(), process, "crash", 1s), exit_exception);
      CHECK_FALSE(is_alive(process));
      CHECK_THROWS_AS(query_worker(of_store(), process, "all", 1s), exit_exception);
    });
  }

  TEST_CASE("sending to a worker that has ended does nothing") {
    in_virtual_time([] { send_worker_message(of_store(), dead_process(), {{"push", "a"}}); });
  }
}
