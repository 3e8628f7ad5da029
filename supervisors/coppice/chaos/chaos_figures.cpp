#include <algorithm>
#include <iterator>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include <coppice/chaos/chaos_figures.hpp>
#include <coppice/chaos/chaos_outages.hpp>
#include <coppice/chaos/tree_order.hpp>

namespace coppice {

namespace {

using std::chrono::nanoseconds;

// How many other lives ended because of each hit.
std::vector<std::uint64_t> blasts(const chaos_record& record) {
  std::vector<std::uint64_t> others(record.hits.size());
  for (const auto& life : record.lives) {
    if (life.shut_down || !life.end || *life.end > record.end) continue;
    if (!life.cause || *life.cause >= record.hits.size()) continue;
    const chaos_hit& hit = record.hits[*life.cause];
    // A hit on nobody was one on whoever came next at its path.
    const bool is_victim = hit.path == life.path && (hit.incarnation == 0 || hit.incarnation == life.incarnation);
    if (!is_victim) ++others[*life.cause];
  }
  return others;
}

void set_recovery(child_figures& of, std::vector<nanoseconds> times) {
  of.recoveries = times.size();
  if (times.empty()) return;
  std::sort(times.begin(), times.end());
  of.recovery_median = nearest_rank(times, 50);
  of.recovery_p99 = nearest_rank(times, 99);
  of.recovery_max = times.back();
}

void add(child_figures& sum, const child_figures& one) {
  sum.hits += one.hits;
  sum.cuts += one.cuts;
  sum.restarts += one.restarts;
  sum.not_back += one.not_back;
  sum.expected += one.expected;
  sum.out_of_service += one.out_of_service;
  sum.calls += one.calls;
  sum.calls_failed += one.calls_failed;
  sum.messages_lost += one.messages_lost;
  sum.blast_max = std::max(sum.blast_max, one.blast_max);
  sum.blast_sum += one.blast_sum;
  sum.give_ups += one.give_ups;
  sum.start_failures += one.start_failures;
}

class figure_counter {
 public:
  explicit figure_counter(const chaos_record& record) : record_{record} {
    std::vector<std::string> paths = detail::paths_in_tree_order(record);
    figures_.children.resize(paths.size());
    for (std::size_t i = 0; i < paths.size(); ++i) figures_.children[i].path = std::move(paths[i]);
    // The paths stay where they are from here on.
    for (std::size_t i = 0; i < figures_.children.size(); ++i) index_.emplace(figures_.children[i].path, i);
  }

  chaos_figures count() {
    count_lives();
    count_hits();
    count_outages();
    for (const auto& each : record_.start_failures) ++at(each.path).start_failures;
    for (const auto& each : record_.give_ups) {
      child_figures& supervisor = at(each.path);
      supervisor.type = child_type::supervisor;
      ++supervisor.give_ups;
    }
    for (const auto& [path, traffic] : record_.traffic) {
      child_figures& child = at(path);
      child.calls += traffic.calls;
      child.calls_failed += traffic.calls_failed;
      child.messages_lost += traffic.messages_lost;
    }
    figures_.all.path = "all";
    figures_.all.type = child_type::supervisor;
    for (const auto& each : figures_.children) add(figures_.all, each);
    return std::move(figures_);
  }

 private:
  child_figures& at(std::string_view path) { return figures_.children[index_.find(path)->second]; }

  void count_lives() {
    std::unordered_set<std::string_view> lived;
    for (const auto& life : record_.lives) {
      child_figures& child = at(life.path);
      child.type = life.type;
      if (life.begin > record_.end) continue;
      if (lived.insert(life.path).second) {
        child.expected = record_.end - life.begin;
      } else {
        ++child.restarts;
      }
    }
  }

  void count_hits() {
    const std::vector<std::uint64_t> others = blasts(record_);
    for (std::size_t i = 0; i < record_.hits.size(); ++i) {
      child_figures& child = at(record_.hits[i].path);
      ++child.hits;
      if (!record_.hits[i].cuts) continue;
      ++child.cuts;
      child.blast_max = std::max(child.blast_max, others[i]);
      child.blast_sum += others[i];
    }
  }

  void count_outages() {
    std::unordered_map<std::string_view, std::vector<nanoseconds>> by_path;
    std::vector<nanoseconds> all;
    for (const auto& outage : find_outages(record_)) {
      child_figures& child = at(record_.lives[outage.life].path);
      child.out_of_service += outage.end.value_or(record_.end) - outage.begin;
      if (!outage.end) ++child.not_back;
      if (!outage.back) continue;
      by_path[child.path].push_back(outage.recovery());
      all.push_back(outage.recovery());
    }
    for (auto& [path, times] : by_path) set_recovery(at(path), std::move(times));
    set_recovery(figures_.all, std::move(all));
  }

  const chaos_record& record_;
  chaos_figures figures_;
  std::unordered_map<std::string_view, std::size_t> index_;
};

}  // namespace

nanoseconds nearest_rank(const std::vector<nanoseconds>& sorted, unsigned per_cent) {
  const std::size_t rank = (sorted.size() * per_cent + 99) / 100;
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

std::optional<double> child_figures::availability() const noexcept {
  if (expected <= nanoseconds{0}) return std::nullopt;
  // One division of whole numbers: what is 99.9 is the 99.9 that somebody wrote as a limit.
  const nanoseconds served = std::max(expected - out_of_service, nanoseconds{0});
  return 100.0 * static_cast<double>(served.count()) / static_cast<double>(expected.count());
}

double child_figures::blast_mean() const noexcept {
  return cuts == 0 ? 0 : static_cast<double>(blast_sum) / static_cast<double>(cuts);
}

chaos_figures compute_figures(const chaos_record& record) {
  return figure_counter{record}.count();
}

}  // namespace coppice
