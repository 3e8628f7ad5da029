#pragma once

#include <coppice/behaviours/server.hpp>

namespace bench {

struct view {
  using reply = double;
};
struct add {
  double value = 0;
};

/// The server of the benchmarks: a number that can be asked for and added to.
class calc : public coppice::server<calc, view, add> {
 public:
  explicit calc(double initial = 0) : value_{initial} {}
  double handle(view) const { return value_; }
  void handle(add by) { value_ += by.value; }

 private:
  double value_;
};

}  // namespace bench
