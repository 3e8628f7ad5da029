#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <coppice/chaos/chaos_figures.hpp>
#include <coppice/chaos/chaos_record.hpp>

namespace chaos_tests {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// A record written by hand, with times in milliseconds. The life of a path that is added next follows its last.
class made_record {
 public:
  explicit made_record(std::int64_t end_ms) {
    made_.root = "root";
    made_.seed = 7;
    made_.end = milliseconds{end_ms};
  }

  coppice::chaos_life& life(const std::string& path, std::int64_t begin_ms, std::optional<std::int64_t> end_ms = {},
                            const std::string& reason = "killed", std::optional<std::size_t> cause = {}) {
    coppice::chaos_life life;
    life.path = path;
    life.type = path.ends_with("root") || path.ends_with("pool") ? coppice::child_type::supervisor
                                                                 : coppice::child_type::worker;
    for (const auto& each : made_.lives) life.incarnation += each.path == path ? 1 : 0;
    ++life.incarnation;
    life.begin = milliseconds{begin_ms};
    if (end_ms) {
      life.end = milliseconds{*end_ms};
      life.reason = coppice::exit_reason::parse(reason);
    }
    life.cause = cause;
    made_.lives.push_back(std::move(life));
    return made_.lives.back();
  }

  /// The index of the hit.
  std::size_t hit(const std::string& path, std::int64_t at_ms, std::uint64_t incarnation = 1,
                  const std::string& way = "kill", bool cuts = true) {
    made_.hits.push_back({milliseconds{at_ms}, path, incarnation, way, cuts});
    return made_.hits.size() - 1;
  }

  coppice::chaos_record& record() { return made_; }
  const coppice::chaos_record& operator*() const { return made_; }

 private:
  coppice::chaos_record made_;
};

inline const coppice::child_figures& figures_of(const coppice::chaos_figures& all, const std::string& path) {
  for (const auto& each : all.children) {
    if (each.path == path) return each;
  }
  throw std::logic_error{path + " has no figures"};
}

/// One supervisor and two workers: `root/a` is hit at 100 and 400, and `root/b` goes down with it at the second time.
inline made_record small_record() {
  made_record made{1000};
  const std::size_t first = made.hit("root/a", 100, 1);
  const std::size_t second = made.hit("root/a", 400, 2, "crash boom");
  made.life("root", 0);
  made.life("root/a", 0, 110, "killed", first);
  made.life("root/b", 0, 401, "shutdown", second);
  made.life("root/a", 120, 400, "boom", second);
  made.life("root/a", 405);
  made.life("root/b", 406);
  made.record().traffic["root/a"] = {.calls = 10, .calls_failed = 2, .messages_lost = 3};
  return made;
}

}  // namespace chaos_tests
