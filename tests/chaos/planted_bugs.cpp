// Looks for a bug that somebody has planted: runs a thousand random trees, each from its own seed, and prints the first
// one that breaks an invariant, and which invariants break in all of them: whether one sees the bug alone. A tree is
// left at the check that finds something, for what is found later may come of that, and it has a process of the system
// of its own, so that what a bug leaves behind is not met by the next. Ends with status 1 if there is anything. The
// patches of tests/sabotage plant the bugs.

#include <cstdint>
#include <cstdio>
#include <exception>
#include <iostream>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaos/random_tree.hpp"

namespace {

/// The trees in which an invariant, or several at once, broke.
struct sighting {
  std::uint64_t first_seed = 0;
  std::uint64_t trees = 0;
};

struct findings {
  std::vector<std::string> broken;  // invariants
  std::vector<std::string> lines;
};

void write_findings(std::uint64_t seed, std::FILE* to) {
  coppice::testing::experiences been_through;
  std::vector<std::string> broken;
  const auto lines = coppice::testing::run_random_tree(seed, been_through, &broken);
  if (!lines.empty() && broken.empty()) broken.emplace_back("none, but the run failed");
  for (const auto& each : broken) fmt::print(to, "{}\n", each);
  fmt::print(to, "\n{}\n", fmt::join(lines, "\n"));
  std::fflush(to);
}

findings findings_of(std::uint64_t seed) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error{"no pipe can be had"};
  const ::pid_t child = ::fork();
  if (child < 0) throw std::runtime_error{"no process can be had"};
  if (child == 0) {
    ::close(ends[0]);
    write_findings(seed, ::fdopen(ends[1], "w"));
    ::_exit(0);
  }
  ::close(ends[1]);
  std::FILE* const from = ::fdopen(ends[0], "r");
  std::string text;
  for (int each = std::fgetc(from); each != EOF; each = std::fgetc(from)) text += static_cast<char>(each);
  std::fclose(from);
  int status = 0;
  ::waitpid(child, &status, 0);

  findings found;
  std::istringstream all{text};
  std::string line;
  while (std::getline(all, line) && !line.empty()) found.broken.push_back(line);
  while (std::getline(all, line)) found.lines.push_back(line);
  if (status != 0) {
    found.broken.emplace_back("none, but the program died");
    found.lines.push_back(fmt::format("its status was {:#x}", status));
  }
  return found;
}

}  // namespace

int main() try {
  constexpr std::uint64_t seeds = 1000;
  std::map<std::vector<std::string>, sighting> seen;
  std::set<std::string> rules;
  for (std::uint64_t seed = 0; seed < seeds; ++seed) {
    const auto [broken, lines] = findings_of(seed);
    if (broken.empty()) continue;
    rules.insert(broken.begin(), broken.end());
    auto& found = seen[broken];
    if (found.trees++ > 0) continue;
    found.first_seed = seed;
    std::cout << fmt::format("seed {}: {}\n", seed, fmt::join(broken, "; "));
    for (const auto& each : lines) std::cout << "  " << each << "\n";
  }
  if (rules.empty()) {
    std::cout << fmt::format("{} random trees have kept all invariants\n", seeds);
    return 0;
  }
  for (const auto& [broken, found] : seen) {
    std::cout << fmt::format("{} of {} trees, first with the seed {}: {}\n", found.trees, seeds, found.first_seed,
                             fmt::join(broken, "; "));
  }
  std::cout << fmt::format("broken {}: {}\n", rules.size() == 1 ? "alone" : "together", fmt::join(rules, "; "));
  return 1;
} catch (const std::exception& fault) {
  std::cerr << "planted_bugs: " << fault.what() << "\n";
  return 2;
}
