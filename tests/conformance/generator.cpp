#include "generator.hpp"

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "model.hpp"

namespace coppice::conformance {
namespace {

using nlohmann::json;

constexpr std::int64_t slow_stop_ms = 200;
constexpr std::int64_t impatience_ms = 40;
constexpr std::int64_t patience_ms = 20000;
/// Time that a script may spend waiting for slow workers, well below the second that its cases stay clear of.
constexpr std::int64_t waiting_allowed_ms = 1500;

/// Random numbers that are the same everywhere: the standard's distributions are not.
class dice {
 public:
  explicit dice(std::uint64_t seed) : engine_(seed) {}

  /// 0 to `sides` - 1.
  std::size_t below(std::size_t sides) {
    const std::uint64_t span = sides;
    const std::uint64_t unfair = (std::uint64_t{0} - span) % span;
    for (;;) {
      if (auto thrown = engine_(); thrown >= unfair) return thrown % span;
    }
  }

  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(below(static_cast<std::size_t>(high - low + 1)));
  }

  bool percent(int chance) { return static_cast<int>(below(100)) < chance; }

  template <typename T>
  const T& pick(const std::vector<T>& items) {
    return items[below(items.size())];
  }

  /// An index, by weight.
  std::size_t weighted(const std::vector<int>& weights) {
    int total = 0;
    for (int weight : weights) total += weight;
    auto thrown = static_cast<int>(below(static_cast<std::size_t>(total)));
    std::size_t at = 0;
    while (thrown >= weights[at]) thrown -= weights[at++];
    return at;
  }

 private:
  std::mt19937_64 engine_;
};

const std::vector<std::string> ids = {
    "a", "b", "c", "d",  "e",  "f",  "g",  "h",  "i",     "j",     "k",    "l",    "m",   "n",   "o",     "p",    "q",
    "r", "s", "t", "w1", "w2", "s1", "s2", "s3", "store", "cache", "db_2", "pool", "web", "log", "queue", "top_1"};

/// Random trees.
class tree_maker {
 public:
  tree_maker(dice& random, workers which) : random_(random), which_(which) {}

  json root() {
    json tree = supervisor("root", 1);
    // A root that gives up early ends the scenario.
    if (random_.percent(75)) tree["max_restarts"] = random_.between(4, 12);
    return tree;
  }

  /// A specification, with no regard to whether its parent allows it to be significant.
  json child(const std::string& id, int depth, const std::string& auto_shutdown) {
    bool is_supervisor = depth < 4 && processes_left_ > 3 && random_.percent(depth == 1 ? 45 : 33);
    bool is_impatient = is_supervisor && which_ == workers::all && random_.percent(7);
    json spec = is_impatient ? impatient_supervisor(id) : is_supervisor ? supervisor(id, depth + 1) : worker(id);
    if (is_supervisor) spec["type"] = "supervisor";
    switch (random_.weighted({20, 25, 35, 20})) {
      case 0: break;
      case 1: spec["restart"] = "permanent"; break;
      case 2: spec["restart"] = "transient"; break;
      default: spec["restart"] = "temporary";
    }
    if (auto_shutdown != "never" && spec.value("restart", "permanent") != "permanent") {
      if (random_.percent(60))
        spec["significant"] = true;
      else if (random_.percent(20))
        spec["significant"] = false;
    }
    return spec;
  }

  std::string fresh_id(const std::set<std::string>& taken) {
    for (;;) {
      if (const auto& id = random_.pick(ids); !taken.contains(id)) return id;
    }
  }

 private:
  json supervisor(const std::string& id, int depth) {
    --processes_left_;
    json tree = {{"id", id}};
    if (random_.percent(88))
      tree["strategy"] = random_.pick<std::string>({"one_for_one", "one_for_all", "rest_for_one"});
    switch (random_.weighted({12, 12, 22, 24, 15, 15})) {
      case 0: break;
      case 1: tree["max_restarts"] = 0; break;
      case 2: tree["max_restarts"] = 1; break;
      case 3: tree["max_restarts"] = 2; break;
      case 4: tree["max_restarts"] = 3; break;
      default: tree["max_restarts"] = random_.between(4, 9);
    }
    // Where stopping takes time, a short period would be over before the second restart of one step.
    if (random_.percent(70))
      tree["max_seconds"] = which_ == workers::all ? random_.between(5, 10) : random_.between(1, 8);
    std::string auto_shutdown =
        random_.pick<std::string>({"never", "never", "never", "any_significant", "all_significant"});
    if (auto_shutdown != "never" || random_.percent(10)) tree["auto_shutdown"] = auto_shutdown;
    auto children = json::array();
    std::set<std::string> taken;
    for (auto left = number_of_children(depth); left > 0 && processes_left_ > 0; --left) {
      auto child_id = fresh_id(taken);
      taken.insert(child_id);
      children.push_back(child(child_id, depth, auto_shutdown));
    }
    if (!children.empty() || random_.percent(50)) tree["children"] = children;
    if (depth > 1) {
      switch (random_.weighted({50, 12, 25, 13})) {
        case 0: break;
        case 1: tree["shutdown"] = "infinity"; break;
        case 2: tree["shutdown"] = "brutal_kill"; break;
        default: tree["shutdown"] = patience_ms;
      }
    }
    return tree;
  }

  std::int64_t number_of_children(int depth) {
    if (random_.percent(3)) return random_.between(8, 20);
    return depth == 1 ? random_.between(2, 5) : random_.between(random_.percent(8) ? 0 : 1, 4);
  }

  /// A supervisor with less time than one of its children takes, where nothing else takes any: then it is clear how far
  /// it comes before it is killed.
  json impatient_supervisor(const std::string& id) {
    json calc_before = {{"id", "before"}, {"start", "calc"}};
    json slow = {
        {"id", "slow"}, {"start", "trapper"}, {"args", {{"stop_after_ms", slow_stop_ms}}}, {"shutdown", patience_ms}};
    json calc_after = {{"id", "after"}, {"start", "calc"}, {"restart", "transient"}};
    processes_left_ -= 4;
    return {{"id", id},
            {"strategy", random_.pick<std::string>({"one_for_one", "rest_for_one", "one_for_all"})},
            {"max_restarts", random_.between(0, 2)},
            {"shutdown", impatience_ms},
            {"children", json::array({calc_before, slow, calc_after})}};
  }

  json worker(const std::string& id) {
    --processes_left_;
    json spec = {{"id", id}};
    switch (which_ == workers::calc_only ? 0 : random_.weighted({40, 14, 6, 8, 8, 10, 14})) {
      case 0: return calc(spec);
      case 1: return trapper(spec, 5);
      case 2: return slow_left_-- > 0 ? trapper(spec, slow_stop_ms) : calc(spec);
      case 3:
        spec["start"] = "stubborn";
        spec["shutdown"] = random_.pick<json>({impatience_ms, impatience_ms, 0, "brutal_kill"});
        return spec;
      case 4: spec["start"] = "ignorer"; return spec;
      case 5:
        spec["start"] = "bad_terminate";
        if (random_.percent(60)) spec["shutdown"] = random_.pick<json>({patience_ms, "infinity", "brutal_kill"});
        return spec;
      default:
        spec["start"] = "loner";
        if (random_.percent(40)) spec["shutdown"] = random_.pick<json>({patience_ms, "infinity", "brutal_kill"});
        return spec;
    }
  }

  json calc(json& spec) {
    spec["start"] = "calc";
    if (random_.percent(60)) spec["args"] = {{"initial", random_.pick<json>({0, 1, 7, -3, 20, 2.5})}};
    switch (random_.weighted({35, 15, 12, 25, 13})) {
      case 0: break;
      case 1: spec["shutdown"] = random_.pick<json>({100, 1000, 5000, 30000}); break;
      case 2: spec["shutdown"] = 0; break;
      case 3: spec["shutdown"] = "brutal_kill"; break;
      default: spec["shutdown"] = "infinity";
    }
    return spec;
  }

  json trapper(json& spec, std::int64_t stop_after_ms) {
    spec["start"] = "trapper";
    spec["args"] = {{"stop_after_ms", stop_after_ms}};
    if (stop_after_ms == slow_stop_ms) {
      spec["shutdown"] = random_.pick<json>({impatience_ms, impatience_ms, patience_ms, "infinity", 0});
    } else if (random_.percent(50)) {
      spec["shutdown"] = random_.pick<json>({patience_ms, "infinity", "brutal_kill"});
    }
    return spec;
  }

  dice& random_;
  workers which_;
  std::int64_t processes_left_ = 45;
  int slow_left_ = 2;
};

/// Random scripts. Runs the model beside, to know what there is to do.
class script_maker {
 public:
  script_maker(dice& random, workers which, const json& tree, tree_maker& trees)
      : random_(random), which_(which), trees_(trees), model_(tree) {}

  json script() {
    auto steps = static_cast<std::size_t>(random_.between(14, 34));
    while (script_.size() < steps && model_.root_is_alive() && has_patience()) plan();
    if (model_.root_is_alive() && random_.percent(13)) {
      if (random_.percent(50))
        exit("root", "kill");
      else
        crash("root", some_reason());
    }
    if (!model_.root_is_alive()) {
      for (auto left = random_.between(1, 3); left > 0; --left) plan();
    }
    return script_;
  }

 private:
  using process = model::process;
  using child = model::child;

  bool has_patience() const { return model_.time_spent_waiting_ms() < waiting_allowed_ms; }

  void add(json step) {
    if (!has_patience()) return;
    model_.step(step);
    script_.push_back(std::move(step));
  }

  std::vector<const process*> living(bool supervisors) const {
    std::vector<const process*> found;
    for (const auto& [path, one] : model_.living()) {
      if (one->is_supervisor() == supervisors) found.push_back(one);
    }
    return found;
  }

  const process* any_worker() {
    auto all = living(false);
    return all.empty() ? nullptr : random_.pick(all);
  }

  const process* any_supervisor() {
    auto all = living(true);
    return all.empty() ? nullptr : random_.pick(all);
  }

  const process* any_supervisor_but_root() {
    auto all = living(true);
    std::erase(all, model_.root());
    return all.empty() ? nullptr : random_.pick(all);
  }

  /// A supervisor of which some child answers `is_wanted`, and that child.
  template <typename Predicate>
  std::pair<const process*, const child*> any_child(Predicate is_wanted) {
    std::vector<std::pair<const process*, const child*>> found;
    for (const auto* supervisor : living(true)) {
      for (const auto& one : supervisor->children) {
        if (is_wanted(*supervisor, one)) found.push_back({supervisor, &one});
      }
    }
    return found.empty() ? std::pair<const process*, const child*>{} : random_.pick(found);
  }

  static std::string path_of(const process& supervisor, const child& one) { return supervisor.path + "/" + one.id(); }

  static bool is_running(const child& one) { return one.status == child::state::running && one.started->alive; }

  std::string unknown_path() {
    auto base = random_.percent(50) || !model_.root_is_alive() ? "root" : random_.pick(living(true))->path;
    switch (random_.below(3)) {
      case 0: return base + "/nobody";
      case 1: return base + "/nobody/at_all";
      default: return "stranger";
    }
  }

  std::string some_reason() {
    return random_.pick<std::string>({"normal", "normal", "shutdown", "{shutdown,x}", "boom", "boom", "kill", "killed",
                                      "badarith", "noproc", "oops_2"});
  }

  std::string abnormal_reason() { return random_.pick<std::string>({"boom", "kill", "killed", "badarith", "crash"}); }
  std::string normal_reason() { return random_.pick<std::string>({"normal", "shutdown", "{shutdown,x}"}); }

  void exit(const std::string& path, const std::string& reason) {
    add({{"do", "exit"}, {"target", path}, {"reason", reason}});
  }
  void crash(const std::string& path, const std::string& reason) {
    add({{"do", "crash"}, {"target", path}, {"reason", reason}});
  }
  void view(const std::string& path) { add({{"do", "view"}, {"target", path}}); }
  void ask(const std::string& what, const std::string& supervisor) { add({{"do", what}, {"supervisor", supervisor}}); }
  void with_id(const std::string& what, const std::string& supervisor, const std::string& id) {
    add({{"do", what}, {"supervisor", supervisor}, {"id", id}});
  }
  void fail_next_starts(const std::string& path, std::int64_t count) {
    add({{"do", "fail_next_starts"}, {"target", path}, {"count", count}});
  }
  void start_child(const std::string& supervisor, const json& spec) {
    add({{"do", "start_child"}, {"supervisor", supervisor}, {"spec", spec}});
  }

  /// One way or another to bring down a process, so that its supervisor restarts it if it ever does.
  void bring_down(const process& victim) {
    if (victim.kind == "calc" && random_.percent(20)) {
      add({{"do", "send"}, {"target", victim.path}, {"message", {{"div", 0}}}});
    } else if (random_.percent(victim.is_supervisor() ? 60 : 45)) {
      crash(victim.path, abnormal_reason());
    } else {
      exit(victim.path, victim.kind == "calc" ? abnormal_reason() : "kill");
    }
  }

  /// A few steps that belong together.
  void plan() {
    switch (
        random_.weighted({12, 7, 6, 8, 6, 9, 6, 6, 9, 7, 9, 6, 6, 4, 10, 5, 5, 3, which_ == workers::all ? 12 : 0})) {
      case 0: return plan_exit();
      case 1: return plan_crash();
      case 2: return plan_supervisor_end();
      case 3: return plan_calculate();
      case 4: return plan_questions();
      case 5: return plan_failing_restart();
      case 6: return plan_failing_start_child();
      case 7: return plan_failing_restart_child();
      case 8: return plan_time();
      case 9: return plan_group_with_absent_child();
      case 10: return plan_significant();
      case 11: return plan_child_api_errors();
      case 12: return plan_start_child();
      case 13: return plan_delete_child();
      case 14: return plan_nobody();
      case 15: return plan_lost_changes();
      case 16: return plan_temporary();
      case 17: return plan_used_up_budget();
      default: return plan_unseen_end();
    }
  }

  void plan_exit() {
    if (random_.percent(25)) {
      if (const auto* one = any_supervisor(); one != nullptr) {
        bool is_root = one == model_.root();
        exit(one->path, random_.percent(is_root ? 8 : 60)
                            ? "kill"
                            : random_.pick<std::string>({"normal", "shutdown", "boom", "killed", "{shutdown,x}"}));
      }
    } else if (const auto* worker = any_worker(); worker != nullptr) {
      exit(worker->path, some_reason());
    }
  }

  void plan_crash() {
    if (const auto* worker = any_worker(); worker != nullptr) crash(worker->path, some_reason());
  }

  void plan_supervisor_end() {
    if (const auto* one = any_supervisor_but_root(); one != nullptr && random_.percent(96)) {
      if (random_.percent(35)) return exit(one->path, "kill");
      crash(one->path, some_reason());
    } else if (model_.root_is_alive() && random_.percent(12)) {
      if (random_.percent(40)) return exit("root", "kill");
      crash("root", some_reason());
    }
  }

  void plan_calculate() {
    auto [supervisor, one] =
        any_child([](const process&, const child& each) { return is_running(each) && each.started->kind == "calc"; });
    if (one == nullptr) return;
    auto path = path_of(*supervisor, *one);
    for (auto left = random_.between(1, 3); left > 0; --left) {
      auto operation = random_.pick<std::string>({"add", "sub", "mult", "div"});
      json number = random_.pick<json>({1, 2, 3, 5, 10, -4, 0.5, 7});
      if (random_.percent(12)) number = 0;
      add({{"do", "send"}, {"target", path}, {"message", {{operation, number}}}});
    }
    view(path);
  }

  void plan_questions() {
    const auto* one = any_supervisor();
    if (one == nullptr) return;
    auto path = one->path;
    if (random_.percent(70)) ask("which_children", path);
    if (random_.percent(70)) ask("count_children", path);
  }

  /// Some child of a group fails in the restart that another, or itself, provokes.
  void plan_failing_restart() {
    auto [supervisor, one] =
        any_child([](const process&, const child& each) { return is_running(each) && each.restart() != "temporary"; });
    if (one == nullptr) return;
    auto path = supervisor->path;
    auto victim = one->started;
    const auto* failing = one;
    if (random_.percent(70) && supervisor->spec.value("strategy", "one_for_one") != "one_for_one") {
      // A later one fails while the earlier ones stay, under rest_for_one.
      failing = random_.percent(50) ? &supervisor->children.back() : &random_.pick(supervisor->children);
    }
    auto failing_path = path + "/" + failing->id();
    // Something inside a child supervisor may fail too.
    if (failing->is_supervisor() && random_.percent(60)) {
      auto inner = failing->spec.value("children", json::array());
      if (!inner.empty()) {
        const auto& inside = inner[random_.below(inner.size())];
        failing_path += "/" + inside.at("id").get<std::string>();
        auto innermost = inside.value("children", json::array());
        if (!innermost.empty() && random_.percent(60))
          failing_path += "/" + innermost[random_.below(innermost.size())].at("id").get<std::string>();
      }
    }
    fail_next_starts(failing_path, random_.between(1, random_.percent(15) ? 9 : 2));
    if (random_.percent(20)) fail_next_starts(failing_path, random_.percent(50) ? 0 : 2);
    bring_down(*victim);
    if (random_.percent(40)) ask("which_children", path);
  }

  void plan_failing_start_child() {
    const auto* one = any_supervisor();
    if (one == nullptr) return;
    auto path = one->path;
    auto spec = new_child(*one);
    auto failing_path = path + "/" + spec.at("id").get<std::string>();
    if (spec.contains("children") && !spec["children"].empty() && random_.percent(70)) {
      failing_path += "/" + spec["children"][random_.below(spec["children"].size())].at("id").get<std::string>();
    }
    fail_next_starts(failing_path, 1);
    start_child(path, spec);
    if (random_.percent(50)) ask("which_children", path);
    if (random_.percent(40)) start_child(path, spec);
  }

  void plan_failing_restart_child() {
    auto [supervisor, one] =
        any_child([](const process&, const child& each) { return is_running(each) && each.restart() != "temporary"; });
    if (one == nullptr) return;
    auto path = supervisor->path;
    auto id = one->id();
    with_id("terminate_child", path, id);
    if (random_.percent(65)) {
      fail_next_starts(path + "/" + id, 1);
      with_id("restart_child", path, id);
      if (random_.percent(40)) ask("which_children", path);
    }
    if (random_.percent(60)) with_id("restart_child", path, id);
  }

  /// Uses up a budget, and needs one restart more around the end of the period.
  void plan_time() {
    if (random_.percent(15)) return advance(random_.between(1, 24) * 500);
    auto [supervisor, one] = any_child([this](const process& above, const child& each) {
      auto limit = above.spec.value("max_restarts", 1);
      return is_running(each) && each.restart() != "temporary" && limit > 0 && limit < 4 &&
             (&above != model_.root() || random_.percent(30));
    });
    if (one == nullptr) return;
    auto path = supervisor->path;
    auto id = one->id();
    auto period_ms = supervisor->spec.value("max_seconds", std::int64_t{5}) * 1000;
    auto left = supervisor->spec.value("max_restarts", 1) - counted_restarts(*supervisor);
    auto pause_after = random_.between(1, 3);
    for (; left > 0; --left) {
      if (left == pause_after) advance(random_.between(1, 6) * 500);
      if (!bring_down_if_alive(path + "/" + id)) return;
    }
    const auto* again = model_.find(path);
    if (again != supervisor || again->restarts_ms.empty()) return;
    auto since_ms = model_.now_ms() - random_.pick(again->restarts_ms);
    auto near_side = which_ == workers::all ? period_ms - 2000 : period_ms;
    auto far_side = period_ms + 1000;
    advance((random_.percent(35) ? near_side : far_side) - since_ms);
    if (!bring_down_if_alive(path + "/" + id)) return;
    if (random_.percent(30)) bring_down_if_alive(path + "/" + id);
  }

  std::int64_t counted_restarts(const process& supervisor) const {
    auto oldest_ms = model_.now_ms() - supervisor.spec.value("max_seconds", std::int64_t{5}) * 1000;
    return std::count_if(supervisor.restarts_ms.begin(), supervisor.restarts_ms.end(),
                         [&](std::int64_t at) { return at >= oldest_ms; });
  }

  bool bring_down_if_alive(const std::string& path) {
    const auto* victim = model_.find(path);
    if (victim != nullptr) bring_down(*victim);
    return victim != nullptr;
  }

  void advance(std::int64_t ms) {
    if (ms > 0 && is_clear(ms)) add({{"do", "advance"}, {"ms", ms}});
  }

  /// Whether no restart of the past would be at the edge of a period, were there one after that time.
  bool is_clear(std::int64_t ms) const {
    for (const auto& [path, one] : model_.living()) {
      auto period_ms = one->spec.value("max_seconds", std::int64_t{5}) * 1000;
      auto near_side = which_ == workers::all ? period_ms - 2000 : period_ms;
      for (auto restart_ms : one->restarts_ms) {
        auto since_ms = model_.now_ms() + ms - restart_ms;
        if (since_ms > near_side && since_ms < period_ms + 1000) return false;
      }
    }
    return true;
  }

  void plan_group_with_absent_child() {
    auto [supervisor, one] = any_child([](const process& above, const child& each) {
      return is_running(each) && each.restart() != "temporary" && above.children.size() > 1 &&
             above.spec.value("strategy", "one_for_one") != "one_for_one";
    });
    if (one == nullptr) return;
    auto path = supervisor->path;
    auto id = one->id();
    if (one->restart() == "transient" && one->started->kind == "calc" && random_.percent(60))
      crash(path + "/" + id, normal_reason());
    else
      with_id("terminate_child", path, id);
    const auto* again = model_.find(path);
    if (again != supervisor) return;
    for (const auto& other : again->children) {
      if (is_running(other) && other.restart() != "temporary" && other.id() != id) return bring_down(*other.started);
    }
  }

  void plan_significant() {
    auto [supervisor, one] =
        any_child([](const process&, const child& each) { return is_running(each) && each.is_significant(); });
    if (one == nullptr) return plan_crash();
    if (random_.percent(15)) return with_id("terminate_child", supervisor->path, one->id());
    if (one->restart() == "transient" && random_.percent(15)) return bring_down(*one->started);
    if (supervisor->spec.at("auto_shutdown") == "all_significant") return end_all_significant(*supervisor);
    crash(one->started->path, one->restart() == "transient" || random_.percent(60) ? normal_reason() : "boom");
  }

  /// Some by terminate_child, and by themselves the others, the last one among them.
  void end_all_significant(const process& supervisor) {
    std::vector<std::pair<std::string, bool>> significant;
    for (const auto& one : supervisor.children) {
      if (one.is_significant() && is_running(one)) significant.push_back({one.id(), one.restart() == "transient"});
    }
    auto path = supervisor.path;
    for (std::size_t at = 0; at < significant.size() && model_.find(path) == &supervisor; ++at) {
      const auto& [id, transient] = significant[at];
      if (at + 1 < significant.size() && random_.percent(80))
        with_id("terminate_child", path, id);
      else
        crash(path + "/" + id, transient || random_.percent(50) ? normal_reason() : "boom");
    }
  }

  void plan_child_api_errors() {
    auto [supervisor, one] = any_child([](const process&, const child&) { return true; });
    if (one == nullptr) return;
    auto path = supervisor->path;
    auto id = one->id();
    auto spec = one->spec;
    switch (random_.below(7)) {
      case 0:
        return with_id(random_.pick<std::string>({"terminate_child", "restart_child", "delete_child"}), path, "nobody");
      case 1: return with_id("delete_child", path, id);
      case 2: return with_id("restart_child", path, id);
      case 3: return start_child(path, spec);
      case 4:
        with_id("terminate_child", path, id);
        if (random_.percent(50)) with_id("terminate_child", path, id);
        return start_child(path, spec);
      default:
        spec["significant"] = true;
        if (random_.percent(50))
          spec["restart"] = "permanent";
        else
          spec["id"] = "newcomer";
        return start_child(path, spec);
    }
  }

  json new_child(const process& supervisor) {
    std::set<std::string> taken;
    for (const auto& one : supervisor.children) taken.insert(one.id());
    auto id = taken.size() < ids.size() ? trees_.fresh_id(taken) : "one_more";
    // How far an impatient supervisor comes must stay clear.
    if (supervisor.spec.value("shutdown", json()) == impatience_ms) return {{"id", id}, {"start", "calc"}};
    auto depth = std::count(supervisor.path.begin(), supervisor.path.end(), '/') + 1;
    return trees_.child(id, static_cast<int>(depth), supervisor.spec.value("auto_shutdown", "never"));
  }

  void plan_start_child() {
    const auto* one = any_supervisor();
    if (one == nullptr) return;
    auto path = one->path;
    auto spec = new_child(*one);
    if (which_ == workers::all && random_.percent(15)) {
      spec = {{"id", spec.at("id")},
              {"start", "ignorer"},
              {"restart", random_.pick<std::string>({"permanent", "transient", "temporary"})}};
    }
    start_child(path, spec);
    if (random_.percent(50)) ask(random_.pick<std::string>({"which_children", "count_children"}), path);
  }

  void plan_delete_child() {
    auto [supervisor, one] = any_child([](const process&, const child&) { return true; });
    if (one == nullptr) return;
    auto path = supervisor->path;
    auto id = one->id();
    auto spec = one->spec;
    if (one->status == child::state::running) with_id("terminate_child", path, id);
    with_id("delete_child", path, id);
    if (random_.percent(50)) start_child(path, spec);
    if (random_.percent(30))
      with_id(random_.pick<std::string>({"restart_child", "terminate_child", "delete_child"}), path, id);
  }

  /// Paths that name no living process, or a worker where a supervisor is meant.
  void plan_nobody() {
    auto path = unknown_path();
    if (const auto* worker = any_worker(); worker != nullptr && random_.percent(30)) {
      return ask(random_.pick<std::string>({"which_children", "count_children"}), worker->path);
    }
    switch (random_.below(10)) {
      case 0: return exit(path, some_reason());
      case 1: return crash(path, some_reason());
      case 2: return add({{"do", "send"}, {"target", path}, {"message", {{"add", 1}}}});
      case 3: return view(path);
      case 4: return with_id("terminate_child", path, "a");
      case 5: return with_id("restart_child", path, "a");
      case 6: return with_id("delete_child", path, "a");
      case 7: return start_child(path, {{"id", "a"}, {"start", "calc"}});
      case 8: return ask("which_children", path);
      default: return ask("count_children", path);
    }
  }

  /// What was changed at run time is forgotten when the supervisor starts again.
  void plan_lost_changes() {
    const auto* one = any_supervisor_but_root();
    if (one == nullptr) return;
    auto path = one->path;
    if (random_.percent(60)) start_child(path, new_child(*one));
    if (const auto* again = model_.find(path); again == one && !again->children.empty() && random_.percent(60)) {
      auto id = random_.pick(again->children).id();
      with_id("terminate_child", path, id);
      with_id("delete_child", path, id);
    }
    if (random_.percent(60))
      exit(path, "kill");
    else
      crash(path, abnormal_reason());
    if (random_.percent(50)) ask("which_children", path);
  }

  void plan_temporary() {
    auto [supervisor, one] =
        any_child([](const process&, const child& each) { return is_running(each) && each.restart() == "temporary"; });
    if (one == nullptr) return plan_crash();
    auto path = supervisor->path;
    auto id = one->id();
    if (random_.percent(50))
      with_id("terminate_child", path, id);
    else
      crash(path + "/" + id, some_reason());
    if (random_.percent(60)) with_id("terminate_child", path, id);
  }

  /// A loner dies, which its supervisor does not see.
  void plan_unseen_end() {
    auto [supervisor, one] =
        any_child([](const process&, const child& each) { return is_running(each) && each.started->kind == "loner"; });
    if (one == nullptr) return plan_start_child();
    auto path = supervisor->path;
    auto id = one->id();
    exit(path + "/" + id, random_.pick<std::string>({"boom", "kill", "shutdown"}));
    if (random_.percent(50)) ask("which_children", path);
    if (random_.percent(50)) ask("count_children", path);
    if (random_.percent(40))
      with_id(random_.pick<std::string>({"restart_child", "terminate_child", "delete_child"}), path, id);
  }

  /// Restarts until a supervisor gives up.
  void plan_used_up_budget() {
    auto [supervisor, one] = any_child([this](const process& above, const child& each) {
      return is_running(each) && each.restart() != "temporary" && &above != model_.root() &&
             above.spec.value("max_restarts", 1) < 4;
    });
    if (one == nullptr) return;
    auto path = supervisor->path;
    auto id = one->id();
    for (auto left = supervisor->spec.value("max_restarts", 1) + 1; left > 0; --left) {
      const auto* victim = model_.find(path + "/" + id);
      if (victim == nullptr) return;
      bring_down(*victim);
    }
  }

  dice& random_;
  workers which_;
  tree_maker& trees_;
  model model_;
  json script_ = json::array();
};

}  // namespace

workers workers_of(std::uint64_t seed) {
  return seed % 5 < 2 ? workers::all : workers::calc_only;
}

scenario generate(std::uint64_t seed, workers which) {
  dice random(seed);
  tree_maker trees(random, which);
  auto tree = trees.root();
  auto script = script_maker(random, which, tree, trees).script();
  return {tree, script};
}

}  // namespace coppice::conformance
