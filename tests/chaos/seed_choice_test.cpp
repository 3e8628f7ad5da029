#include <cstdlib>
#include <stdexcept>
#include <string>

#include <doctest/doctest.h>

#include <coppice/chaos/seed_choice.hpp>

using namespace coppice;  // NOLINT(google-build-using-namespace)

namespace {

// COPPICE_SEEDS in a scope, and afterwards as before.
class seeds_set_to {
 public:
  explicit seeds_set_to(const char* text) {
    if (const char* const had = std::getenv(seeds_variable)) before_ = had;
    if (text != nullptr) {
      setenv(seeds_variable, text, 1);
    } else {
      unsetenv(seeds_variable);
    }
  }
  seeds_set_to(const seeds_set_to&) = delete;
  seeds_set_to& operator=(const seeds_set_to&) = delete;
  ~seeds_set_to() {
    if (before_.empty()) {
      unsetenv(seeds_variable);
    } else {
      setenv(seeds_variable, before_.c_str(), 1);
    }
  }

 private:
  std::string before_;
};

}  // namespace

TEST_SUITE("seed choice") {
  TEST_CASE("a test runs with the seeds from 0 on unless COPPICE_SEEDS says others") {
    {
      const seeds_set_to nothing{nullptr};
      CHECK(chosen_seeds(100) == seed_range{0, 99});
      CHECK_THROWS_AS(chosen_seeds(0), std::invalid_argument);
    }
    const seeds_set_to one{"17"};
    CHECK(chosen_seeds(100) == seed_range{17, 17});
  }

  TEST_CASE("seeds are one number or a range, written as they are read") {
    for (const char* text : {"0", "17", "0..999", "18446744073709551615", "5..18446744073709551615"})
      CHECK(to_string(parse_seeds(text)) == text);
    CHECK(parse_seeds("1000..1999") == seed_range{1000, 1999});
  }

  TEST_CASE("what is no seed is refused, and named") {
    for (const char* text : {"", "x", "1x", "-1", "1..", "..1", "1..x", "2..1", "1...3", " 1", "18446744073709551616"})
      CHECK_THROWS_AS(parse_seeds(text), std::invalid_argument);
    const seeds_set_to wrong{"1 2"};
    CHECK_THROWS_WITH(chosen_seeds(1),
                      "coppice: expected a seed (17) or a range of seeds (0..999); found \"1 2\", in the environment "
                      "variable COPPICE_SEEDS");
  }

  TEST_CASE("a replay command survives the shell and doctest's filter") {
    const std::string command = doctest_replay(17, "a till, and the owner's \\ one");
    CHECK(command.starts_with("COPPICE_SEEDS=17 "));
    CHECK(command.ends_with(" --test-case='a till\\, and the owner'\\''s \\\\ one'"));
  }
}
