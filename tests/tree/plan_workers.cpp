#include "plan_workers.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <coppice/coppice.hpp>
#include <coppice/tree/tree_file.hpp>

#include "../../samples/calc/calc.hpp"

namespace coppice::tests {

namespace {

struct look_up {
  std::string key;
};
struct later {
  using reply = int;
};
// Has a constructor, and so no form.
class handle_of_a_file {
 public:
  explicit handle_of_a_file(int number) : number_{number} {}
  int number() const { return number_; }

 private:
  int number_;
};
struct opaque {
  int which = 0;
};

class cache : public server<cache, look_up, later, opaque> {
 public:
  std::vector<int> handle(const look_up& /*asked*/) { return {}; }
  void handle(later /*asked*/, from<int> /*caller*/) {}
  handle_of_a_file handle(opaque asked) { return handle_of_a_file{asked.which}; }
};

}  // namespace

const worker_registry& plan_workers() {
  static const worker_registry all = [] {
    worker_registry made;
    made.add<calc_sample::calc>("calc");
    made.add<cache>("cache");
    return made;
  }();
  return all;
}

const supervisor_spec& plan_tree() {
  static const tree_file file = read_tree_file("tests/good_trees/for_plans.json", plan_workers());
  REQUIRE_MESSAGE(file.root.has_value(), file.faults.text());
  return *file.root;
}

}  // namespace coppice::tests
