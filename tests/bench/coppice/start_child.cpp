// start_child and terminate_child under a supervisor that has 100,000 children already. Temporary ones: they are
// forgotten when they are terminated.

#include <string>
#include <vector>

#include <coppice/coppice.hpp>
#include <coppice/supervision/supervisor.hpp>

#include "calc.hpp"
#include "program.hpp"

using bench::calc;
using bench::expect;

namespace {

coppice::child_spec child(std::string id) {
  coppice::child_spec made;
  made.id = std::move(id);
  made.start = coppice::starts<calc>(0.0);
  made.restart = coppice::restart_type::temporary;
  return made;
}

void under_many(bench::occasion& now, bool starts_count) {
  const auto children = now.count_or(now.pick<std::uint64_t>(100, 100'000, 100'000));
  coppice::supervisor_init init;
  for (std::uint64_t i = 0; i < children; ++i) init.children.push_back(child("old_" + std::to_string(i)));
  const auto root = coppice::start_supervisor(std::move(init));
  expect(static_cast<bool>(root), "the supervisor starts");
  std::uint64_t serial = 0;
  now.measure_parts(now.pick(10, 100, 1'000), [&](std::uint64_t operations) {
    std::vector<std::string> ids;
    for (std::uint64_t i = 0; i < operations; ++i) ids.push_back("new_" + std::to_string(serial++));
    const auto began = bench::clock::now();
    for (const auto& id : ids) expect(static_cast<bool>(coppice::start_child(root.process(), child(id))), "it starts");
    const auto between = bench::clock::now();
    for (const auto& id : ids) expect(!coppice::terminate_child(root.process(), id), "it is terminated");
    const auto ended = bench::clock::now();
    return starts_count ? between - began : ended - between;
  });
  expect(coppice::count_children(root.process()).active == children, "those from before are all there");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::coppice_program(count, arguments,
                                {{"start_child", [](bench::occasion& now) { under_many(now, true); }},
                                 {"terminate_child", [](bench::occasion& now) { under_many(now, false); }}});
}
