// A worker library as it should be.

#include <cstdint>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include <coppice/behaviours/server.hpp>
#include <coppice/tree/worker_library.hpp>
#include <coppice/tree/worker_registry.hpp>

namespace counters {

struct bump {
  std::int64_t by = 0;
};
struct view {
  using reply = std::int64_t;
};

struct start_value {
  std::int64_t from = 0;
};
BOOST_DESCRIBE_STRUCT(start_value, (), (from))

class counter : public coppice::server<counter, bump, view> {
 public:
  using args = start_value;

  static void check(const args& given, std::vector<coppice::arg_fault>& faults) {
    if (given.from < 0) faults.push_back({"/from", "expected 0 or more; got " + std::to_string(given.from)});
  }

  explicit counter(args given) : value_{given.from} {}

  void handle(bump told) { value_ += told.by; }
  std::int64_t handle(view /*asked*/) const { return value_; }

 private:
  std::int64_t value_;
};

}  // namespace counters

COPPICE_WORKERS(registry) {
  registry.add<counters::counter>("counter");
}
