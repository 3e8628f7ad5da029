#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <coppice/chaos/chaos_outages.hpp>

namespace coppice {

namespace {

using std::chrono::nanoseconds;

bool is_own(const chaos_hit& hit, const chaos_life& life) {
  return hit.path == life.path && hit.incarnation == life.incarnation;
}

bool somebody_was_to_come(const chaos_life& life) {
  if (life.restart == restart_type::temporary) return false;
  return life.restart == restart_type::permanent || !life.reason.is_normal_end();
}

// By life, the index of the next one at its path; of the last, the number of lives.
std::vector<std::size_t> successors(const chaos_record& record) {
  std::vector<std::size_t> next(record.lives.size(), record.lives.size());
  std::unordered_map<std::string_view, std::size_t> last;
  for (std::size_t i = 0; i < record.lives.size(); ++i) {
    // The tree is told to end as soon as the last is back, at that very time: it counts. One that begins later does
    // not.
    if (record.lives[i].begin > record.end) continue;
    const auto [at, is_first] = last.try_emplace(record.lives[i].path, i);
    if (!is_first) next[std::exchange(at->second, i)] = i;
  }
  return next;
}

class outage_finder {
 public:
  explicit outage_finder(const chaos_record& record) : record_{record}, next_{successors(record)} {}

  std::vector<chaos_outage> find() {
    for (std::size_t i = 0; i < record_.lives.size(); ++i) {
      if (record_.lives[i].begin > record_.end) continue;
      find_pauses(i);
      find_end(i);
    }
    return std::move(found_);
  }

 private:
  void find_pauses(std::size_t index) {
    for (const auto& each : record_.lives[index].pauses) {
      if (each.begin >= record_.end) continue;
      const bool over = each.end <= record_.end;
      found_.push_back({.life = index,
                        .hit = each.begin,
                        .begin = each.begin,
                        .end = over ? std::optional{each.end} : std::nullopt,
                        .back = over});
    }
  }

  void find_end(std::size_t index) {
    const chaos_life& life = record_.lives[index];
    const bool hung = life.hung && *life.hung < record_.end;
    const bool ended = life.end && *life.end <= record_.end && !life.shut_down;
    if (!hung && !ended) return;

    chaos_outage outage;
    outage.life = index;
    outage.begin = hung ? *life.hung : *life.end;
    if (ended) outage.begin = std::min(outage.begin, *life.end);
    outage.hit = outage.begin;
    if (ended && life.cause && *life.cause < record_.hits.size()) {
      const chaos_hit& cause = record_.hits[*life.cause];
      if (is_own(cause, life) && cause.at_once) outage.hit = std::min(outage.hit, cause.time);
    }

    if (ended && next_[index] < record_.lives.size()) {
      // Where two lived at once, against all rules, nobody was missing in between.
      outage.end = record_.lives[next_[index]].begin;
      outage.begin = std::min(outage.begin, *outage.end);
      outage.hit = std::min(outage.hit, *outage.end);
      outage.back = true;
    } else if (ended && !waits_for_somebody(life)) {
      if (!hung) return;
      outage.end = life.end;
    }
    found_.push_back(outage);
  }

  bool waits_for_somebody(const chaos_life& life) const {
    if (somebody_was_to_come(life)) return true;
    if (life.restart == restart_type::temporary || !life.cause || *life.cause >= record_.hits.size()) return false;
    // Its reason is that of an orderly end, yet it went down with another that was hit.
    return !is_own(record_.hits[*life.cause], life);
  }

  const chaos_record& record_;
  std::vector<std::size_t> next_;
  std::vector<chaos_outage> found_;
};

}  // namespace

std::vector<chaos_outage> find_outages(const chaos_record& record) {
  return outage_finder{record}.find();
}

}  // namespace coppice
