#include <limits>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include <coppice/behaviours/server.hpp>
#include <coppice/chaos/checker_feed.hpp>
#include <coppice/chaos/invariants/expectation.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/link.hpp>
#include <coppice/tree/tree_builder.hpp>

#include "chaos/invariants/story.hpp"
#include "chaos/random_tree.hpp"

using namespace coppice;           // NOLINT(google-build-using-namespace)
using namespace coppice::testing;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;

using nlohmann::json;

namespace {

struct view {
  using reply = double;
};
struct plus {
  using reply = double;
  double value = 0;
};
struct reset {};

class till : public server<till, view, plus, reset> {
 public:
  double handle(view) const { return value_; }
  double handle(plus more) const { return value_ + more.value; }
  void handle(reset) { throw error{"reset"}; }

 private:
  double value_ = 150;
};

supervisor_spec shop() {
  worker_spec worker;
  worker.id = "till";
  worker.start = "till";
  worker.args = std::make_shared<const json>(json::object());
  supervisor_spec root;
  root.id = "shop";
  root.children.push_back({worker});
  return root;
}

chaos_expectation expect(const char* path, const json& message, const json& equals) {
  return {path, std::make_shared<const json>(message), std::make_shared<const json>(equals), ""};
}

// What the checker has to say of the shop, that is checked while it is quiet and when it is gone.
std::vector<chaos_violation> in_shop(const std::function<void(invariant_checker&)>& rules) {
  const supervisor_spec tree = shop();
  worker_registry workers;
  workers.add<till>("till");
  invariant_checker checker{{.tree = &tree, .workers = &workers}};
  rules(checker);
  const auto observer = std::make_shared<checker_feed>(checker);
  runtime_options options;
  options.observer = observer.get();
  CHECK(simulation{1, options}.run([&] {
    process_flag(trap_exit, true);
    checker.begin();
    detail::observe_children(true);
    const auto root = start_tree(tree, {&workers, observer, nullptr});
    detail::observe_children(false);
    checker.root_started("shop", root.process(), monotonic_time());
    await_quiescence();
    checker.check_quiet({}, monotonic_time());
    detail::end_process(root.process(), exit_reason::shutdown(), std::nullopt);
    await_quiescence();
    checker.check_gone({}, monotonic_time());
  }) == 0);
  return checker.violations();
}

std::vector<std::string> said(const std::vector<chaos_violation>& all) {
  std::vector<std::string> lines;
  for (const auto& each : all) lines.push_back(each.invariant + ": " + each.path + ": " + each.text);
  return lines;
}

}  // namespace

TEST_SUITE("invariants: of one's own") {
  TEST_CASE("a function calls workers of the quiet tree, and says what is wrong") {
    std::vector<std::string> paths;
    const auto found = in_shop([&paths](invariant_checker& checker) {
      checker.add("the till balances", [&paths](const tree_view& tree) -> std::optional<std::string> {
        paths = tree.paths();
        CHECK_FALSE(tree.find("shop/cellar"));
        if (tree.call("shop/till", view{}) == 150) return std::nullopt;
        return "it does not";
      });
      checker.add("it is rich", [](const tree_view& tree) -> std::optional<std::string> {
        return "it holds " + std::to_string(static_cast<int>(tree.call("shop/till", view{})));
      });
    });
    CHECK(paths == names{"shop", "shop/till"});
    CHECK(said(found) == names{"it is rich: : it holds 150"});
  }

  TEST_CASE("what leaves it as an exception breaks it") {
    CHECK(said(in_shop([](invariant_checker& checker) {
            checker.add("throws",
                        [](const tree_view&) -> std::optional<std::string> { throw std::runtime_error{"no idea"}; });
          })) == names{"throws: : std::runtime_error: no idea"});
    CHECK(said(in_shop([](invariant_checker& checker) {
            checker.add("goes astray", [](const tree_view& tree) -> std::optional<std::string> {
              tree.get("shop/cellar");
              return std::nullopt;
            });
          })) == names{"goes astray: : std::out_of_range: nobody lives at shop/cellar; there live shop shop/till"});
  }

  TEST_CASE("one without a function is refused") {
    invariant_checker checker;
    CHECK_THROWS_AS(checker.add("none", user_invariant{}), std::invalid_argument);
  }

  TEST_CASE("an expectation in JSON compares an answer") {
    CHECK(in_shop([](invariant_checker& checker) {
            checker.add(expect("shop/till", "view", 150));
            checker.add(expect("shop/till", {{"view", json::object()}}, 150.0));
            checker.add(expect("shop/till", {{"view", nullptr}}, 150.00000000000001));
            checker.add(expect("shop/till", {{"plus", 0.5}}, 150.5));
          }).empty());
    CHECK(said(in_shop([](invariant_checker& checker) { checker.add(expect("shop/till", "view", 151)); })) ==
          names{"expectation: shop/till: shop/till answers \"view\" with 150.0; expected 151"});
  }

  TEST_CASE("one that cannot be asked is broken, and says why") {
    const auto lines = said(in_shop([](invariant_checker& checker) {
      checker.add(expect("shop/cellar", "view", 150));
      checker.add(expect("shop", "view", 150));
      checker.add(expect("shop/till", "veiw", 150));
      checker.add(expect("shop/till", "reset", 150));
    }));
    REQUIRE(lines.size() == 4);
    CHECK(lines[0].find("nobody lives at shop/cellar") != std::string::npos);
    CHECK(lines[1].find("shop is no worker that can be called by JSON") != std::string::npos);
    CHECK(lines[2].find("did you mean \"view\"?") != std::string::npos);
    CHECK(lines[3].find("the message \"reset\" of the worker has no reply") != std::string::npos);
  }

  TEST_CASE("answers are the same when their numbers are, to twelve digits") {
    CHECK(is_same_answer(1, 1.0));
    CHECK(is_same_answer(0.1 + 0.2, 0.3));
    CHECK(is_same_answer(1e300, 1e300 * (1 + 1e-13)));
    CHECK_FALSE(is_same_answer(1.0, 1.00000000001));
    CHECK_FALSE(is_same_answer(9007199254740993, 9007199254740992));
    CHECK(is_same_answer(0, -0.0));
    CHECK_FALSE(is_same_answer(1, "1"));
    CHECK_FALSE(is_same_answer(1, true));
    CHECK(is_same_answer({{"a", {1, 2.0}}, {"b", nullptr}}, {{"b", nullptr}, {"a", {1.0, 2}}}));
    CHECK_FALSE(is_same_answer({{"a", 1}}, {{"a", 1}, {"b", 2}}));
    CHECK_FALSE(is_same_answer({{"a", 1}}, {{"b", 1}}));
    CHECK_FALSE(is_same_answer({1, 2}, {1, 2, 3}));
  }
}
