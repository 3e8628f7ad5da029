// A tree of 100 supervisors with 1,000 servers each: its JSON is read and checked, it is started from what came of
// that, and stopped. Per server.

#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include <boost/describe/class.hpp>
#include <nlohmann/json.hpp>

#include <coppice/coppice.hpp>
#include <coppice/supervision/supervisor.hpp>
#include <coppice/tree/fault.hpp>
#include <coppice/tree/json_reader.hpp>
#include <coppice/tree/tree_builder.hpp>
#include <coppice/tree/tree_checker.hpp>
#include <coppice/tree/worker_registry.hpp>

#include "calc.hpp"
#include "program.hpp"

using bench::expect;

namespace {

struct calc_args {
  double initial = 0;
};
BOOST_DESCRIBE_STRUCT(calc_args, (), (initial))

class tree_calc : public coppice::server<tree_calc, bench::view> {
 public:
  using args = calc_args;
  explicit tree_calc(args given) : value_{given.initial} {}
  double handle(bench::view) const { return value_; }

 private:
  double value_;
};

std::string tree_text(int pools, int workers) {
  std::string text = R"({"id": "root", "children": [)";
  for (int pool = 0; pool < pools; ++pool) {
    text += pool == 0 ? "\n" : ",\n";
    text += R"({"id": "pool)" + std::to_string(pool) + R"(", "type": "supervisor", "children": [)";
    for (int worker = 0; worker < workers; ++worker) {
      text += worker == 0 ? "\n" : ",\n";
      text += R"({"id": "calc)" + std::to_string(worker) + R"(", "start": "calc", "args": {"initial": )" +
              std::to_string(worker) + "}}";
    }
    text += "]}";
  }
  return text + "]}\n";
}

void tree(bench::occasion& now) {
  const int pools = now.pick(2, 100, 100);
  const int workers = now.pick(10, 1'000, 1'000);
  const auto children = static_cast<double>(pools) * workers;
  const auto text = tree_text(pools, workers);
  coppice::worker_registry registry;
  registry.add<tree_calc>("calc");

  auto began = bench::clock::now();
  coppice::fault_list faults{"tree.json"};
  const auto json = coppice::read_json(text, "a tree", faults);
  expect(json.has_value(), "the text is JSON");
  auto checked = coppice::check_tree(*json, registry, faults);
  now.report(bench::nanoseconds(bench::clock::now() - began) / children, "ns", "json");
  expect(checked.has_value(), "the tree has no faults");
  const auto spec = std::make_shared<const coppice::supervisor_spec>(std::move(*checked));

  began = bench::clock::now();
  const auto root = coppice::start_tree(spec, {&registry, nullptr, nullptr});
  now.report(bench::nanoseconds(bench::clock::now() - began) / children, "ns", "start");
  expect(static_cast<bool>(root), "the tree starts");
  const auto pools_now = coppice::which_children(root.process());
  expect(pools_now.size() == static_cast<std::size_t>(pools), "all pools are there");
  const auto workers_now = coppice::which_children(pools_now.front().process);
  expect(workers_now.size() == static_cast<std::size_t>(workers), "all workers are there");
  expect(coppice::call(workers_now.front().process, bench::view{}) == workers - 1, "the last one answers");

  coppice::process_flag(coppice::trap_exit, true);
  coppice::monitor(root.process());
  began = bench::clock::now();
  coppice::exit(root.process(), "shutdown");
  coppice::receive([&](const coppice::down& end) {
    expect(end.process == root.process() && end.reason == coppice::exit_reason::shutdown(), "the root was shut down");
  });
  now.report(bench::nanoseconds(bench::clock::now() - began) / children, "ns", "stop");
  expect(!coppice::is_alive(workers_now.front().process), "nobody is left");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::coppice_program(count, arguments, {{"tree", tree}});
}
