#include <mutex>
#include <unordered_map>

#include <coppice/process/process.hpp>
#include <coppice/supervision/inherited_observer.hpp>

namespace coppice::detail {

namespace {

struct bequest {
  std::string path;
  std::shared_ptr<supervision_observer> observer;
};

// By the process that starts, not by its thread: a start function may wait, and go on elsewhere.
struct bequests {
  std::mutex lock;
  std::unordered_map<pid, bequest> of;
};

bequests& all() {
  // Never destroyed: a process may start something while the program ends.
  static auto* const made = new bequests;
  return *made;
}

}  // namespace

inheritance::inheritance(std::string path, std::shared_ptr<supervision_observer> observer) {
  const std::lock_guard hold{all().lock};
  all().of.insert_or_assign(self(), bequest{std::move(path), std::move(observer)});
}

inheritance::~inheritance() {
  const std::lock_guard hold{all().lock};
  all().of.erase(self());
}

void inherit_observer(supervisor_init& init) {
  if (init.observer != nullptr) return;
  const std::lock_guard hold{all().lock};
  if (all().of.empty()) return;
  const auto found = all().of.find(self());
  if (found == all().of.end()) return;
  init.observer = found->second.observer;
  if (init.path.empty()) init.path = found->second.path;
}

}  // namespace coppice::detail
