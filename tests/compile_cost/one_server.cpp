// What a user's file costs the compiler: the umbrella header and one server. See tests/compile_cost/measure.

#include <coppice/coppice.hpp>

namespace {

struct view {
  using reply = double;
};
struct add {
  double value;
};

class calc : public coppice::server<calc, view, add> {
 public:
  double handle(view /*message*/) const { return value_; }
  void handle(add by) { value_ += by.value; }

 private:
  double value_ = 0;
};

}  // namespace

int main() {
  return coppice::run([] {
    const coppice::pid server = coppice::start_link<calc>().process();
    coppice::cast(server, add{20});
    return coppice::call(server, view{}) == 20 ? 0 : 1;
  });
}
