// A tree of calculators, declared in JSON, is worked with and cut down for ten seconds, and grows back before your
// eyes.
//
//     calc_tree samples/calc_tree/tree.json
//
// The exit status is 0 only if everything grew back and every value was right; 1 if not; 2 for a wrong command line or
// tree.

#include <cstdint>
#include <exception>
#include <string>

#include <CLI/CLI.hpp>
#include <calc/calc.hpp>
#include <fmt/format.h>

#include <coppice/tree/tree_file.hpp>
#include <coppice/tree/worker_registry.hpp>

#include "calculators.hpp"
#include "forester.hpp"

namespace {

constexpr int bad_input = 2;

// A number without a sign would take -1 for its largest value.
std::string not_negative(const std::string& given) {
  return given.starts_with('-') ? "expected a whole number, 0 or more; got " + given : "";
}

int refuse(std::string_view why) {
  fmt::print(stderr, "{}\n", why);
  return bad_input;
}

}  // namespace

int main(int count, char** arguments) {
  calc_tree::options wanted;
  std::int64_t length = wanted.length.count();
  CLI::App app{"Cuts a tree of calculators down, again and again, and watches it grow back.", "calc_tree"};
  app.add_option("TREE", wanted.tree, "the tree, a JSON file: calculators (\"start\": \"calc\"), all permanent")
      ->required();
  app.add_option("--seconds", length, "for how long; 10 unless told")->check(CLI::Range(1, 86400));
  app.add_option("--seed", wanted.seed, "what is cut down is drawn with it; 1 unless told")->check(not_negative);
  try {
    app.parse(count, arguments);
  } catch (const CLI::CallForHelp& asked) {
    return app.exit(asked);
  } catch (const CLI::ParseError& refused) {
    return refuse(fmt::format("calc_tree: {}. See calc_tree --help.", refused.what()));
  }
  wanted.length = std::chrono::seconds{length};
  try {
    coppice::worker_registry workers;
    workers.add<calc_sample::calc>("calc");
    const coppice::tree_file file = coppice::read_tree_file(wanted.tree, workers);
    if (!file.root) {
      fmt::print(stderr, "{}", file.faults.text());
      return bad_input;
    }
    if (const std::string fault = calc_tree::calculators{*file.root}.fault(); !fault.empty()) {
      return refuse(fmt::format("{}:{}", wanted.tree, fault));
    }
    return calc_tree::fell_and_watch(*file.root, workers, wanted) ? 0 : 1;
  } catch (const std::exception& thrown) {
    fmt::print(stderr, "calc_tree: {}\n", thrown.what());
    return 1;
  }
}
