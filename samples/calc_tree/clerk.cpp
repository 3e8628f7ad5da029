#include "clerk.hpp"

#include <chrono>
#include <cmath>
#include <optional>
#include <random>
#include <vector>

#include <calc/calc.hpp>
#include <fmt/format.h>

#include <coppice/process/exit.hpp>
#include <coppice/process/receive.hpp>
#include <coppice/process/send.hpp>

namespace calc_tree {

namespace {

using calc_sample::calc;
using coppice::pid;

constexpr std::chrono::milliseconds pause_between_rounds{5};
constexpr int operations_a_round = 5;

// One calculator as the clerk sees it: the process that it last worked with, and what that should have come to.
class account {
 public:
  account(const calculator& of, const coppice::tree_journal& journal) : of_{of}, journal_{journal} {}

  /// Some operations and a look at the value; or nothing, while there is nobody at the path. Returns whether a value
  /// was checked.
  bool work(std::mt19937_64& random, pid complaints) {
    if (!process_ && !find()) return false;
    try {
      if (is_new_) {
        check(complaints);
        is_new_ = false;
      }
      for (int i = 0; i < operations_a_round; ++i) operate(random());
      return check(complaints);
    } catch (const coppice::exit_exception& gone) {
      if (is_timeout(gone.reason))
        send(complaints, wrong_value{fmt::format("{} {} gave no answer", of_.path, to_string(process_))});
      process_ = {};
      return false;
    }
  }

 private:
  bool find() {
    const auto found = journal_.find(of_.path);
    // It may be the dead one still: its end is told after it.
    if (!found || found->process == last_) return false;
    process_ = last_ = found->process;
    expected_ = of_.initial;
    is_new_ = true;
    return true;
  }

  // Keeps the value in a range where no operation can overflow.
  void operate(std::uint64_t drawn) {
    constexpr double large = 1e6;
    const auto by = static_cast<double>(2 + drawn % 7);
    switch (std::abs(expected_) > large ? 3 : drawn / 7 % 4) {
      case 0:
        calc::add(process_, by);
        expected_ = expected_ + by;
        break;
      case 1:
        calc::sub(process_, by);
        expected_ = expected_ - by;
        break;
      case 2:
        calc::mult(process_, by);
        expected_ = expected_ * by;
        break;
      default:
        calc::div(process_, by);
        expected_ = expected_ / by;
        break;
    }
  }

  bool check(pid complaints) {
    const double got = calc::view(process_);
    if (got != expected_) {
      send(complaints, wrong_value{fmt::format("{} {}{}: expected {}, got {}", of_.path, to_string(process_),
                                               is_new_ ? ", just started" : "", expected_, got)});
      expected_ = got;
    }
    return true;
  }

  static bool is_timeout(const coppice::exit_reason& reason) {
    const auto parts = reason.elements();
    return !parts.empty() && parts[0] == coppice::exit_reason::timeout();
  }

  const calculator& of_;
  const coppice::tree_journal& journal_;
  pid process_;
  pid last_;
  double expected_ = 0;
  bool is_new_ = false;
};

}  // namespace

void work_as_clerk(std::span<const calculator> own, const coppice::tree_journal& journal, std::uint64_t seed, pid to,
                   std::atomic<std::uint64_t>& checked) {
  std::mt19937_64 random{seed};
  std::vector<account> accounts;
  for (const auto& each : own) accounts.emplace_back(each, journal);
  bool open = true;
  while (open) {
    for (auto& each : accounts) {
      if (each.work(random, to)) checked.fetch_add(1, std::memory_order_relaxed);
    }
    coppice::receive([&open](close_up) { open = false; }, coppice::after(pause_between_rounds, [] {}));
  }
}

}  // namespace calc_tree
