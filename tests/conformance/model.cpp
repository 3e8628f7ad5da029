#include "model.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>

#include "normal_form.hpp"

namespace coppice::conformance {
namespace {

using nlohmann::json;

constexpr auto never = std::numeric_limits<std::int64_t>::max();

bool is_normal_end(const std::string& reason) {
  return reason == "normal" || reason == "shutdown" || reason == "{shutdown,x}";
}

bool traps(const std::string& kind) {
  return kind != "calc" && kind != "loner";
}

std::int64_t max_restarts(const model::process& supervisor) {
  return supervisor.spec.value("max_restarts", 1);
}
std::int64_t max_seconds(const model::process& supervisor) {
  return supervisor.spec.value("max_seconds", 5);
}
std::string strategy(const model::process& supervisor) {
  return supervisor.spec.value("strategy", "one_for_one");
}
std::string auto_shutdown(const model::process& supervisor) {
  return supervisor.spec.value("auto_shutdown", "never");
}

std::string with_incarnation(const model::process& started) {
  return "{incarnation:" + std::to_string(started.incarnation) + ",path:" + started.path + "}";
}

}  // namespace

std::string model::child::id() const {
  return spec.at("id");
}
bool model::child::is_supervisor() const {
  return spec.value("type", "worker") == "supervisor";
}
std::string model::child::restart() const {
  return spec.value("restart", "permanent");
}
bool model::child::is_significant() const {
  return spec.value("significant", false);
}

model::model(const json& tree) : tree_(tree) {
  tree_["type"] = "supervisor";
  root_ = start_process(tree_.at("id"), tree_, nullptr).started;
  if (!root_) throw std::invalid_argument("the tree does not start");
  end_step();
}

void model::step(const json& step) {
  ++step_;
  if (!root_is_alive()) {
    count("dead root");
    result("error noproc");
  } else if (!perform(step)) {
    error(step.at("do"), "noproc");
  }
  end_step();
}

void model::finish() {
  if (root_is_alive()) {
    if (!stop_children_from(*root_, 0, never)) throw std::logic_error("the root cannot end");
    exited(*root_, "shutdown");
  } else {
    count("dead root, only done");
  }
  emit("done");
}

std::map<std::string, model::process*> model::living() const {
  std::map<std::string, process*> alive;
  for (const auto& candidate : processes_) {
    if (candidate->alive) alive[candidate->path] = candidate.get();
  }
  return alive;
}

const model::process* model::find(const std::string& path) const {
  for (const auto& candidate : processes_) {
    if (candidate->alive && candidate->path == path) return candidate.get();
  }
  return nullptr;
}

// --- starting ---

model::start_outcome model::start_process(const std::string& path, const json& spec, process* supervisor) {
  bool is_supervisor = spec.value("type", "worker") == "supervisor";
  if (auto failure = failures_.find(path); failure != failures_.end()) {
    if (--failure->second == 0) failures_.erase(failure);
    count(is_supervisor ? "injected, supervisor" : "injected, worker");
    emit("start_failed " + path + " injected");
    return {nullptr, "injected"};
  }
  auto started = std::make_shared<process>();
  started->path = path;
  started->kind = is_supervisor ? "supervisor" : spec.at("start").get<std::string>();
  started->spec = spec;
  started->supervisor = supervisor;
  if (is_supervisor) {
    for (const auto& child_spec : spec.value("children", json::array())) {
      started->children.push_back({});
      started->children.back().spec = child_spec;
    }
    if (auto failed_id = start_children(*started, 0)) {
      auto failed = std::find_if(started->children.begin(), started->children.end(), [&](const child& one) {
        return one.id() == failed_id->substr(0, failed_id->find(' '));
      });
      auto reason = failed_id->substr(failed_id->find(' ') + 1);
      if (failed != started->children.begin()) count("S85 siblings of a failed start are ended");
      if (reason.starts_with("{shutdown,{failed")) count("failed_to_start_child nests");
      if (!stop_children_from(*started, 0, never)) throw std::logic_error("a failed start cannot end");
      reason = "{shutdown,{failed_to_start_child," + failed->id() + "," + reason + "}}";
      count("S85 a supervisor's start fails with its child's");
      emit("start_failed " + path + " " + reason);
      return {nullptr, reason};
    }
    if (!spec.contains("strategy") && !spec.contains("max_restarts")) count("S82 defaults of a supervisor");
  } else {
    if (started->kind == "ignorer") return {nullptr, std::nullopt};
    auto args = spec.value("args", json::object());
    started->initial_value = started->value = args.value("initial", 0.0);
    if (!spec.contains("shutdown") && !spec.contains("restart")) count("S82 defaults of a worker");
  }
  started->incarnation = ++incarnations_[path];
  emit("started " + path + " " + std::to_string(started->incarnation));
  if (started->incarnation > 1 && is_supervisor) {
    for (auto before = processes_.rbegin(); before != processes_.rend(); ++before) {
      if ((*before)->path != path) continue;
      bool added = std::any_of((*before)->children.begin(), (*before)->children.end(),
                               [](const child& one) { return one.by_start_child; });
      if (added) count("R8 added children are lost");
      bool back = std::any_of(started->children.begin(), started->children.end(),
                              [&](const child& one) { return (*before)->deleted_ids.contains(one.id()); });
      if (back) count("R8 deleted children are back");
      if (!(*before)->restarts_ms.empty()) count("R8 the restart count is empty");
      break;
    }
  }
  processes_.push_back(started);
  return {started, std::nullopt};
}

/// Starts the children from `from` on. Gives "ID REASON" of the one that failed.
std::optional<std::string> model::start_children(process& supervisor, std::size_t from) {
  if (supervisor.children.size() > from + 1) count("R1 several children start in order");
  for (std::size_t at = from; at < supervisor.children.size(); ++at) {
    auto& one = supervisor.children[at];
    auto outcome = start_process(supervisor.path + "/" + one.id(), one.spec, &supervisor);
    if (outcome.failure) {
      one.status = child::state::restarting;
      return one.id() + " " + *outcome.failure;
    }
    if (outcome.started) {
      if (one.why_down == child::absence::terminated) count("R3 a terminated child starts with its group");
      if (one.why_down == child::absence::ended_normally) count("R3 a normally ended child starts with its group");
      one.started = outcome.started;
      one.status = child::state::running;
      one.why_down = child::absence::none;
      continue;
    }
    if (one.restart() == "temporary") {
      count("S86 ignore, temporary: dropped");
      supervisor.children.erase(supervisor.children.begin() + static_cast<std::ptrdiff_t>(at--));
    } else {
      count("S86 ignore: kept, not running");
      one.status = child::state::undefined;
      one.why_down = child::absence::ignored;
      one.started.reset();
    }
  }
  return std::nullopt;
}

// --- stopping ---

void model::exited(process& ended, const std::string& reason) {
  ended.alive = false;
  emit("exited " + ended.path + " " + std::to_string(ended.incarnation) + " " + reason);
}

/// What a supervisor does to end a child. False if the supervisor's own deadline comes first.
bool model::stop_child(process& victim, const json& spec, std::int64_t deadline) {
  if (!victim.alive) {
    count("S89 a loner that died unseen is stopped");
    return true;
  }
  auto shutdown =
      spec.contains("shutdown") ? spec.at("shutdown") : json(victim.is_supervisor() ? json("infinity") : json(5000));
  if (shutdown == "brutal_kill") {
    count(victim.is_supervisor() ? "R11 brutal_kill of a supervisor" : "R11 brutal_kill of a worker");
    kill(victim);
    return true;
  }
  auto kill_at = shutdown == "infinity" ? never : waited_ms_ + shutdown.get<std::int64_t>();
  if (victim.is_supervisor()) {
    count("S87 a supervisor ends its children in reverse order");
    if (stop_children_from(victim, 0, std::min(deadline, kill_at))) {
      exited(victim, "shutdown");
      return true;
    }
    if (kill_at > deadline) {
      victim.stopping_until = never;
      return false;
    }
    count("S88 a supervisor is killed when its time is over");
    waited_ms_ = kill_at;
    kill(victim);
    return true;
  }
  std::int64_t ends_at = waited_ms_;
  if (victim.kind == "stubborn") ends_at = never;
  if (victim.kind == "trapper") {
    ends_at += victim.spec.at("args").at("stop_after_ms").get<std::int64_t>();
    if (victim.stopping_until) ends_at = *victim.stopping_until;
  }
  bool is_killed = traps(victim.kind) && ends_at >= kill_at;
  if (is_killed && kill_at == never) throw std::logic_error(victim.path + " never ends");
  auto over_at = is_killed ? kill_at : ends_at;
  if (over_at > deadline) {
    waited_ms_ = deadline;
    victim.stopping_until = ends_at;
    return false;
  }
  waited_ms_ = over_at;
  if (is_killed) {
    count(victim.kind == "stubborn" ? "S88 a stubborn child is killed" : "S88 a slow child is killed");
    exited(victim, "killed");
  } else if (victim.kind == "bad_terminate") {
    count("S91 a child that crashes in terminate ends so");
    exited(victim, "bad_terminate");
  } else {
    if (shutdown == "infinity")
      count("R11 shutdown, infinity");
    else if (shutdown == 0)
      count("R11 shutdown, 0 ms");
    else
      count("R11 shutdown, ms");
    if (victim.kind == "trapper") count("S88 a trapping child is given its time");
    if (victim.kind == "loner") count("S89 a loner is stopped");
    exited(victim, "shutdown");
  }
  return true;
}

bool model::stop_children_from(process& supervisor, std::size_t from, std::int64_t deadline) {
  for (std::size_t at = supervisor.children.size(); at > from; --at) {
    auto& one = supervisor.children[at - 1];
    if (one.status == child::state::running && !stop_child(*one.started, one.spec, deadline)) return false;
  }
  return true;
}

/// Ends the children from `from` on for a restart of the group: temporary ones lose their specs.
void model::stop_group(process& supervisor, std::size_t from, const std::string& cause) {
  bool others = false;
  for (std::size_t at = supervisor.children.size(); at > from; --at) {
    auto& one = supervisor.children[at - 1];
    if (one.status == child::state::running) {
      others = true;
      if (one.is_significant()) count("R10 a group restart triggers nothing");
      if (!stop_child(*one.started, one.spec, never)) throw std::logic_error("a group cannot end");
      if (one.restart() == "temporary") count("R4 a temporary child is lost with its group");
    }
    if (one.status != child::state::undefined) one.why_down = child::absence::none;
    one.status = child::state::undefined;
    one.started.reset();
  }
  if (others) count(cause);
  auto first = supervisor.children.begin() + static_cast<std::ptrdiff_t>(from);
  supervisor.children.erase(
      std::remove_if(first, supervisor.children.end(), [](const child& one) { return one.restart() == "temporary"; }),
      supervisor.children.end());
}

/// Ends at once, without a word to its children.
void model::kill(process& victim) {
  exited(victim, "killed");
  if (victim.is_supervisor()) end_orphans(victim);
}

/// What becomes of those below a supervisor that was killed.
void model::end_orphans(process& supervisor) {
  auto began = waited_ms_;
  auto ended = waited_ms_;
  for (const auto& candidate : std::vector(processes_)) {
    if (!candidate->alive || candidate->supervisor != &supervisor) continue;
    waited_ms_ = began;
    std::string reason = "killed";
    if (candidate->is_supervisor()) {
      count("R13 a child supervisor ends its children in order");
      if (candidate->stopping_until) reason = "shutdown";
      if (!stop_children_from(*candidate, 0, never)) throw std::logic_error("an orphan cannot end");
    } else if (candidate->kind == "trapper") {
      if (candidate->stopping_until) {
        reason = "shutdown";
        waited_ms_ = *candidate->stopping_until;
      } else {
        waited_ms_ += candidate->spec.at("args").at("stop_after_ms").get<std::int64_t>();
        count("S93 a trapping orphan runs terminate");
      }
    } else if (candidate->kind == "bad_terminate") {
      reason = "bad_terminate";
    } else {
      count("R13 workers end with killed");
    }
    exited(*candidate, reason);
    ended = std::max(ended, waited_ms_);
  }
  waited_ms_ = ended;
}

// --- ends and restarts ---

void model::ended_by_itself(process& ended, const std::string& reason) {
  exited(ended, reason);
  if (ended.is_supervisor()) end_orphans(ended);
  if (ended.kind == "loner") {
    count("S89 a loner dies unseen");
  } else if (ended.supervisor != nullptr) {
    child_ended(*ended.supervisor, ended, reason);
  } else {
    count("the root ends");
  }
}

void model::child_ended(process& supervisor, const process& ended, const std::string& reason) {
  auto found = std::find_if(supervisor.children.begin(), supervisor.children.end(),
                            [&](const child& one) { return one.started.get() == &ended; });
  auto at = static_cast<std::size_t>(found - supervisor.children.begin());
  auto restart_type = found->restart();
  if (restart_type == "permanent" || (restart_type == "transient" && !is_normal_end(reason))) {
    if (restart_type == "permanent" && is_normal_end(reason))
      count("R5 a permanent child is restarted after " + reason);
    if (restart_type == "permanent" && !is_normal_end(reason)) count("S96 a permanent child is restarted");
    if (restart_type == "transient") count("S96 a transient child that crashes is restarted");
    if (found->is_significant()) count("S112 a significant child that crashes is restarted");
    restart(supervisor, found->id());
  } else {
    child_stays_down(supervisor, at, reason);
  }
}

void model::child_stays_down(process& supervisor, std::size_t at, const std::string& reason) {
  auto& one = supervisor.children[at];
  bool significant = one.is_significant();
  bool temporary = one.restart() == "temporary";
  if (temporary) {
    count(is_normal_end(reason) ? "R4 a temporary child ends normally" : "R4 a temporary child crashes");
    supervisor.children.erase(supervisor.children.begin() + static_cast<std::ptrdiff_t>(at));
  } else {
    count("R5 a transient child stays down after " + reason);
    one.status = child::state::undefined;
    one.why_down = child::absence::ended_normally;
    one.started.reset();
  }
  auto policy = auto_shutdown(supervisor);
  if (policy == "never") return;
  if (!significant) {
    count("R10 a child that is not significant");
    return;
  }
  if (policy == "all_significant") {
    for (const auto& other : supervisor.children) {
      if (other.is_significant() && other.status != child::state::undefined) {
        count("R10 all_significant: one is left running");
        return;
      }
    }
    bool others_down = std::any_of(supervisor.children.begin(), supervisor.children.end(), [](const child& other) {
      return other.is_significant() && other.why_down == child::absence::terminated;
    });
    if (others_down) count("R10 all_significant: one taken down otherwise");
  }
  count("R10 " + policy + (temporary ? ", temporary" : ", transient"));
  shut_itself_down(supervisor, "shutdown");
}

bool model::within_budget(process& supervisor) {
  auto now_s = now_ms_ / 1000;
  auto& restarts = supervisor.restarts_ms;
  auto before = restarts.size();
  auto oldest_s = now_s - max_seconds(supervisor);
  std::erase_if(restarts, [&](std::int64_t at) { return at / 1000 < oldest_s; });
  bool slid = before > restarts.size();
  bool at_boundary = std::any_of(restarts.begin(), restarts.end(),
                                 [&](std::int64_t at) { return now_ms_ - at == max_seconds(supervisor) * 1000; });
  restarts.push_back(now_ms_);
  auto limit = max_restarts(supervisor);
  auto counted = static_cast<std::int64_t>(restarts.size());
  if (slid && counted <= limit && static_cast<std::int64_t>(before) + 1 > limit)
    count("S102 an old restart no longer counts");
  if (at_boundary && counted > limit) count("S102 a restart of just max_seconds ago counts");
  return counted <= limit;
}

void model::restart(process& supervisor, const std::string& id) {
  auto child_id = id;
  for (bool retry = false;; retry = true) {
    auto found = std::find_if(supervisor.children.begin(), supervisor.children.end(),
                              [&](const child& one) { return one.id() == child_id; });
    if (!within_budget(supervisor)) {
      if (max_restarts(supervisor) == 0)
        count("R6 max_restarts 0 gives up at the first");
      else if (retry)
        count("R7 each attempt counts, up to the limit");
      else
        count("R6 gives up at the limit");
      emit("restart_limit " + supervisor.path);
      found->status = child::state::undefined;
      found->started.reset();
      shut_itself_down(supervisor, "gave up");
      return;
    }
    count("R6 a restart within the budget");
    auto failed = attempt_restart(supervisor, child_id, retry);
    if (!failed) {
      if (retry) count("R7 a retry succeeds");
      return;
    }
    auto failed_id = failed->substr(0, failed->find(' '));
    if (failed_id != child_id)
      count("R7 the retry is of the child that failed, not of the first, " + strategy(supervisor));
    child_id = failed_id;
  }
}

/// Gives "ID REASON" of the child whose start failed.
std::optional<std::string> model::attempt_restart(process& supervisor, const std::string& id, bool retry) {
  auto how = strategy(supervisor);
  if (retry) count("R7 a retry under " + how);
  auto found = std::find_if(supervisor.children.begin(), supervisor.children.end(),
                            [&](const child& one) { return one.id() == id; });
  auto at = static_cast<std::size_t>(found - supervisor.children.begin());
  if (how == "one_for_one") {
    if (supervisor.children.size() > 1) count("S97 one_for_one restarts one");
    auto outcome = start_process(supervisor.path + "/" + id, found->spec, &supervisor);
    if (outcome.failure) {
      found->status = child::state::restarting;
      found->started.reset();
      return id + " " + *outcome.failure;
    }
    found->started = outcome.started;
    found->status = outcome.started ? child::state::running : child::state::undefined;
    return std::nullopt;
  }
  found->status = child::state::undefined;
  found->started.reset();
  auto from = how == "one_for_all" ? 0 : at;
  if (how == "rest_for_one" && at > 0) count("R2 rest_for_one leaves the earlier ones");
  stop_group(supervisor, from,
             retry ? "R7 those already started are ended again" : "R2 " + how + " ends the others and starts all");
  return start_children(supervisor, from);
}

/// `cause` is the exit reason, or "gave up", which is `shutdown` too.
void model::shut_itself_down(process& supervisor, const std::string& cause) {
  if (!stop_children_from(supervisor, 0, never)) throw std::logic_error("a supervisor cannot end");
  if (cause == "gave up") {
    if (supervisor.supervisor == nullptr)
      count("R8 the root gives up");
    else
      count("R8 a " + supervisor.spec.value("restart", "permanent") + " supervisor gives up");
  }
  ended_by_itself(supervisor, cause == "gave up" ? "shutdown" : cause);
}

// --- steps ---

void model::error(const std::string& step, const std::string& code) {
  count(step + ": " + code);
  result("error " + code);
}

bool model::perform(const json& step) {
  std::string kind = step.at("do");
  if (kind == "advance") {
    count("advance");
    now_ms_ += step.at("ms").get<std::int64_t>();
    return true;
  }
  if (kind == "fail_next_starts") {
    std::string path = step.at("target");
    int times = step.at("count");
    if (times == 0 && failures_.contains(path)) count("fail_next_starts: 0 clears it");
    if (times > 0 && failures_.contains(path)) count("fail_next_starts: set, not added");
    if (times == 0)
      failures_.erase(path);
    else
      failures_[path] = times;
    return true;
  }
  auto* target = const_cast<process*>(find(step.contains("target") ? step.at("target") : step.at("supervisor")));
  if (target == nullptr) return false;
  if (kind == "exit") {
    exit_signal(*target, step.at("reason"));
  } else if (kind == "crash") {
    crash(*target, step.at("reason"));
  } else if (kind == "send") {
    send(*target, step.at("message"));
  } else if (kind == "view") {
    count("view: ok");
    if (target->value != static_cast<double>(static_cast<std::int64_t>(target->value))) count("view: no whole number");
    if (target->incarnation > 1 && target->value == target->initial_value) count("view: the initial value is back");
    result("ok " + number_text(target->value));
  } else if (!target->is_supervisor()) {
    count("a supervisor path that names a worker");
    return false;
  } else if (kind == "start_child") {
    start_child(*target, step.at("spec"));
  } else if (kind == "restart_child") {
    restart_child(*target, step.at("id"));
  } else if (kind == "terminate_child") {
    terminate_child(*target, step.at("id"));
  } else if (kind == "delete_child") {
    delete_child(*target, step.at("id"));
  } else if (kind == "which_children") {
    which_children(*target);
  } else if (kind == "count_children") {
    count_children(*target);
  } else {
    throw std::invalid_argument("unknown step " + kind);
  }
  return true;
}

void model::exit_signal(process& target, const std::string& reason) {
  if (reason == "kill") {
    count(target.is_supervisor() ? (target.supervisor ? "exit kill of a supervisor" : "exit kill of the root")
                                 : "exit kill of a worker");
    ended_by_itself(target, "killed");
  } else if (target.is_supervisor()) {
    count(target.supervisor != nullptr ? "exit is ignored by a supervisor" : "exit is ignored by the root");
  } else if (traps(target.kind)) {
    count("exit is ignored by a trapping worker");
  } else if (reason == "normal") {
    count("exit normal is ignored by a worker");
  } else {
    count(reason == "killed" ? "exit killed is an ordinary reason" : "exit ends a worker");
    ended_by_itself(target, reason);
  }
}

void model::crash(process& target, const std::string& reason) {
  if (target.is_supervisor()) {
    count(target.supervisor ? "crash of a supervisor" : "crash of the root");
    shut_itself_down(target, reason);
    return;
  }
  count(reason == "kill" ? "crash with kill" : is_normal_end(reason) ? "crash with a normal end" : "crash of a worker");
  if (target.kind == "trapper") waited_ms_ += target.spec.at("args").at("stop_after_ms").get<std::int64_t>();
  if (target.kind == "bad_terminate") count("S72 a crash in terminate replaces the reason");
  ended_by_itself(target, target.kind == "bad_terminate" ? target.kind : reason);
}

void model::send(process& target, const json& message) {
  const auto& operation = message.begin().key();
  double number = message.begin().value();
  if (operation == "add") target.value += number;
  if (operation == "sub") target.value -= number;
  if (operation == "mult") target.value *= number;
  if (operation == "div" && number == 0) {
    count("badarith");
    ended_by_itself(target, "badarith");
  } else if (operation == "div") {
    target.value /= number;
  }
}

void model::start_child(process& supervisor, const json& spec) {
  child added;
  added.spec = spec;
  added.by_start_child = true;
  auto id = added.id();
  auto found = std::find_if(supervisor.children.begin(), supervisor.children.end(),
                            [&](const child& one) { return one.id() == id; });
  if (added.is_significant() && (auto_shutdown(supervisor) == "never" || added.restart() == "permanent")) {
    if (found != supervisor.children.end()) count("start_child: bad_combination before the id");
    return error("start_child", "bad_combination");
  }
  if (found != supervisor.children.end()) {
    return error("start_child", found->status == child::state::running ? "already_started" : "already_present");
  }
  auto outcome = start_process(supervisor.path + "/" + id, spec, &supervisor);
  if (outcome.failure) {
    count("R9 a start_child that fails leaves no spec");
    count("start_child: start_failed");
    return result("error start_failed " + *outcome.failure);
  }
  if (!outcome.started) {
    count("start_child: ignored");
    result("ok");
    if (added.restart() == "temporary") return;
    added.why_down = child::absence::ignored;
  } else {
    count(added.is_supervisor() ? "start_child: ok, supervisor" : "start_child: ok, worker");
    if (outcome.started->incarnation > 1) count("incarnations go on after delete and start");
    added.started = outcome.started;
    added.status = child::state::running;
    result("ok " + with_incarnation(*outcome.started));
  }
  supervisor.children.push_back(added);
}

void model::restart_child(process& supervisor, const std::string& id) {
  auto found = std::find_if(supervisor.children.begin(), supervisor.children.end(),
                            [&](const child& one) { return one.id() == id; });
  if (found == supervisor.children.end()) return error("restart_child", "not_found");
  if (found->status == child::state::running) return error("restart_child", "running");
  auto outcome = start_process(supervisor.path + "/" + id, found->spec, &supervisor);
  if (outcome.failure) {
    count("R9 a restart_child that fails leaves the child undefined");
    count("restart_child: start_failed");
    return result("error start_failed " + *outcome.failure);
  }
  if (!outcome.started) {
    count("restart_child: ignored");
    return result("ok");
  }
  count("restart_child: ok");
  found->started = outcome.started;
  found->status = child::state::running;
  found->why_down = child::absence::none;
  result("ok " + with_incarnation(*outcome.started));
}

void model::terminate_child(process& supervisor, const std::string& id) {
  auto found = std::find_if(supervisor.children.begin(), supervisor.children.end(),
                            [&](const child& one) { return one.id() == id; });
  if (found == supervisor.children.end()) {
    const auto& specs = supervisor.spec.value("children", json::array());
    bool was_temporary = std::any_of(specs.begin(), specs.end(), [&](const json& spec) {
      return spec.at("id") == id && spec.value("restart", "permanent") == "temporary";
    });
    if (was_temporary) count("R12 a temporary child is not found any more");
    return error("terminate_child", "not_found");
  }
  if (found->status == child::state::running) {
    count("terminate_child: ok");
    if (found->is_significant()) count("R10 terminate_child triggers nothing");
    if (!stop_child(*found->started, found->spec, never)) throw std::logic_error("a child cannot end");
    found->why_down = child::absence::terminated;
  } else {
    count("R12 terminate_child of one not running: ok");
  }
  found->status = child::state::undefined;
  found->started.reset();
  if (found->restart() == "temporary") {
    count("R4 terminate_child removes a temporary child");
    supervisor.children.erase(found);
  }
  result("ok");
}

void model::delete_child(process& supervisor, const std::string& id) {
  auto found = std::find_if(supervisor.children.begin(), supervisor.children.end(),
                            [&](const child& one) { return one.id() == id; });
  if (found == supervisor.children.end()) return error("delete_child", "not_found");
  if (found->status == child::state::running) return error("delete_child", "running");
  count("delete_child: ok");
  supervisor.deleted_ids.insert(id);
  supervisor.children.erase(found);
  result("ok");
}

void model::which_children(const process& supervisor) {
  std::string text = "[";
  for (auto one = supervisor.children.rbegin(); one != supervisor.children.rend(); ++one) {
    bool running = one->status == child::state::running;
    count(running ? "which_children: running" : "which_children: undefined");
    if (running && !one->started->alive) count("S89 a dead loner still counts as running");
    text += (text.size() > 1 ? "," : "") + ("{id:" + one->id()) + ",state:" + (running ? "running" : "undefined") +
            ",type:" + (one->is_supervisor() ? "supervisor" : "worker") + "}";
  }
  count("which_children: ok");
  if (supervisor.children.size() > 1 && supervisor.children.back().by_start_child) count("R1 start_child appends");
  result("ok " + text + "]");
}

void model::count_children(const process& supervisor) {
  int active = 0;
  int supervisors = 0;
  for (const auto& one : supervisor.children) {
    if (one.status == child::state::running && one.started->alive) ++active;
    if (one.status == child::state::running && !one.started->alive) count("S89 a dead loner is not active");
    if (one.is_supervisor()) ++supervisors;
  }
  auto specs = static_cast<int>(supervisor.children.size());
  count("count_children: ok");
  if (active < specs) count("count_children: some are not active");
  result("ok {active:" + std::to_string(active) + ",specs:" + std::to_string(specs) +
         ",supervisors:" + std::to_string(supervisors) + ",workers:" + std::to_string(specs - supervisors) + "}");
}

void model::end_step() {
  for (const auto& text : results_) emit("result " + std::to_string(step_) + " " + text);
  results_.clear();
  std::string idle = "idle " + std::to_string(step_);
  for (const auto& [path, alive] : living()) idle += " " + path + "=" + std::to_string(alive->incarnation);
  emit(idle);
}

}  // namespace coppice::conformance
