#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <coppice/coppice.hpp>
#include <coppice/process/custody.hpp>
#include <coppice/process/simulation.hpp>
#include <coppice/supervision/supervisor.hpp>
#include <coppice/telemetry/busy_processes.hpp>
#include <coppice/telemetry/observer_pair.hpp>
#include <coppice/telemetry/trace_line.hpp>
#include <coppice/telemetry/tree_journal.hpp>
#include <coppice/tree/script_runner.hpp>
#include <coppice/tree/tree_builder.hpp>
#include <coppice/tree/worker_message.hpp>

namespace coppice {

namespace {

using nlohmann::ordered_json;

// Who may live at a path, by what the tree and the script say: a script may start another worker under an id that was
// in use before.
struct tenants {
  std::vector<const worker*> workers;
  bool has_supervisor = false;
};

using tenants_by_path = std::map<std::string, tenants, std::less<>>;

void collect(tenants_by_path& into, const tree_child& child, const std::string& above, const worker_registry& workers) {
  if (const auto* one = child.if_worker()) {
    for (std::uint32_t number = 1; number <= one->processes(); ++number) {
      auto& known = into[above + "/" + one->replica_id(number)].workers;
      const worker* const named = workers.find(one->start);
      if (std::find(known.begin(), known.end(), named) == known.end()) known.push_back(named);
    }
    return;
  }
  const std::string own = above + "/" + child.id();
  into[own].has_supervisor = true;
  for (const auto& each : child.if_supervisor()->children) collect(into, each, own, workers);
}

std::string no_worker(std::string_view path) {
  return fmt::format("{} is a supervisor; send and view go to workers", path);
}

/// Something is wrong that no result of the contract tells.
struct script_failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// For a script that runs alone.
class no_onlooker final : public script_onlooker {};

class script_run {
 public:
  script_run(const supervisor_spec& root, const std::vector<script_step>& steps, const worker_registry& workers,
             const std::function<bool(std::string_view)>& trace, script_onlooker& onlooker)
      : root_{root},
        steps_{steps},
        trace_{trace},
        onlooker_{onlooker},
        journal_{std::make_shared<tree_journal>([this](const tree_event& event) { tell(event); })},
        view_{std::make_shared<observer_pair>(onlooker.processes(), onlooker.supervision(), *journal_, *journal_)} {
    for (const auto name : workers.names()) workers_.add(std::string{name}, noting(*workers.find(name)));
  }

  process_observer& observer() noexcept { return *view_; }

  // The body of the process that is the root's parent.
  void run() {
    process_flag(trap_exit, true);
    around_ = {&workers_, view_, faults_};
    onlooker_.before_start();
    detail::observe_children(true);
    const start_result started = start_tree(root_, around_);
    detail::observe_children(false);
    if (started) {
      root_process_ = started.process();
      onlooker_.root_started(root_process_);
      journal_->root_started(root_.id, root_process_);
    } else {
      onlooker_.root_start_failed(started.error());
      journal_->root_start_failed(root_.id, started.error());
    }
    end_step();
    for (const auto& step : steps_) {
      ++number_;
      if (is_alive(root_process_)) {
        std::visit([this](const auto& action) { perform(action); }, step.action);
      } else {
        fail("noproc");
      }
      end_step();
    }
    onlooker_.before_shutdown();
    if (is_alive(root_process_)) {
      detail::end_process(root_process_, exit_reason::shutdown(), std::nullopt);
      come_to_rest();
    }
    onlooker_.after_end();
    write({{"event", "done"}});
  }

 private:
  // Steps
  // -----------------------------------------------------------------------------------------------------------------

  void perform(const step::exit& step) {
    const auto target = living(step.target);
    if (!target) return;
    // From a process that is no relative of the target.
    spawn([process = target->process, reason = exit_reason::parse(step.reason)] { exit(process, reason); });
  }

  void perform(const step::crash& step) {
    if (const auto target = living(step.target)) detail::make_end(target->process, exit_reason::parse(step.reason));
  }

  void perform(const step::send& step) {
    const auto target = living(step.target);
    if (!target) return;
    const worker& of = worker_of(step.target, target->process);
    const auto faults = check_worker_message(of, *step.message);
    if (!faults.empty())
      throw script_failure{fmt::format("step {}: {}: {}", number_, step.target, faults.front().text)};
    send_worker_message(of, target->process, *step.message);
  }

  void perform(const step::view& step) {
    const auto target = living(step.target);
    if (!target) return;
    const worker& of = worker_of(step.target, target->process);
    if (const std::string fault = check_worker_query(of, "view"); !fault.empty()) {
      throw script_failure{fmt::format("step {}: {}: {}", number_, step.target, fault)};
    }
    try {
      succeed(query_worker(of, target->process, "view", infinity));
    } catch (const exit_exception&) {
      fail("noproc");
    }
  }

  void perform(const step::terminate_child& step) {
    on_supervisor(step.supervisor, [&](pid supervisor) { answer(terminate_child(supervisor, step.id)); });
  }

  void perform(const step::delete_child& step) {
    on_supervisor(step.supervisor, [&](pid supervisor) { answer(delete_child(supervisor, step.id)); });
  }

  void perform(const step::restart_child& step) {
    on_supervisor(step.supervisor,
                  [&](pid supervisor) { answer(restart_child(supervisor, step.id), step.supervisor + "/" + step.id); });
  }

  void perform(const step::start_child& step) {
    on_supervisor(step.supervisor, [&](pid supervisor) {
      if (step.bad_combination) {
        fail("bad_combination");
        return;
      }
      for (auto& spec : child_specs_of(step.spec, step.supervisor, around_)) {
        const std::string path = step.supervisor + "/" + spec.id;
        answer(start_child(supervisor, std::move(spec)), path);
      }
    });
  }

  void perform(const step::which_children& step) {
    on_supervisor(step.supervisor, [&](pid supervisor) {
      ordered_json listed = ordered_json::array();
      for (const auto& each : which_children(supervisor)) {
        listed.push_back({{"id", each.id}, {"type", to_string(each.type)}, {"state", to_string(each.status)}});
      }
      succeed(std::move(listed));
    });
  }

  void perform(const step::count_children& step) {
    on_supervisor(step.supervisor, [&](pid supervisor) {
      const child_counts counts = count_children(supervisor);
      succeed({{"specs", counts.specs},
               {"active", counts.active},
               {"supervisors", counts.supervisors},
               {"workers", counts.workers}});
    });
  }

  void perform(const step::fail_next_starts& step) { faults_->fail_next(step.target, step.count); }

  void perform(const step::advance& step) { sleep(step.time); }

  // Targets
  // ---------------------------------------------------------------------------------------------------------------

  std::optional<tree_journal::life> living(const std::string& path) {
    auto found = journal_->find(path);
    if (!found) fail("noproc");
    return found;
  }

  template <class Operation>
  void on_supervisor(const std::string& path, Operation operation) {
    const auto found = journal_->find(path);
    if (!found || found->type != child_type::supervisor) {
      fail("noproc");
      return;
    }
    try {
      operation(found->process);
    } catch (const exit_exception&) {
      // It ended meanwhile.
      fail("noproc");
    }
  }

  // The same worker, which notes what it starts: only the process tells which of the workers that may live at a path it
  // is.
  worker noting(const worker& of) {
    worker made = of;
    made.start = [this, &of](const worker_args& args, start_options options) {
      start_result started = of.start(args, std::move(options));
      if (started) kinds_.insert_or_assign(started.process(), &of);
      return started;
    };
    return made;
  }

  const worker& worker_of(std::string_view path, pid process) const {
    const auto found = kinds_.find(process);
    if (found == kinds_.end()) throw script_failure{fmt::format("step {}: {}", number_, no_worker(path))};
    return *found->second;
  }

  // Results
  // ---------------------------------------------------------------------------------------------------------------

  void answer(const std::optional<child_error>& refused) {
    if (refused) {
      fail(to_string(*refused));
    } else {
      result_ = {{"event", "result"}, {"step", number_}, {"ok", true}};
    }
  }

  void answer(const child_result& result, const std::string& path) {
    if (result.error()) {
      fail(to_string(*result.error()));
      if (*result.error() == child_error::start_failed) result_["reason"] = result.reason().to_string();
      return;
    }
    const auto started = result.process() ? journal_->find(path) : std::nullopt;
    if (started) {
      succeed({{"path", path}, {"incarnation", started->incarnation}});
    } else {
      result_ = {{"event", "result"}, {"step", number_}, {"ok", true}};
    }
  }

  void succeed(ordered_json value) {
    result_ = {{"event", "result"}, {"step", number_}, {"ok", true}, {"value", std::move(value)}};
  }

  void fail(std::string_view error) { result_ = {{"event", "result"}, {"step", number_}, {"error", error}}; }

  // The trace
  // -------------------------------------------------------------------------------------------------------------

  void come_to_rest() {
    if (!await_quiescence()) {
      std::vector<std::string> who;
      for (const auto& [path, process] : detail::busy_processes(*journal_)) {
        who.push_back(fmt::format("{} {}{}", path, to_string(process), detail::handler_text(process)));
      }
      if (who.empty()) who.emplace_back("a process");
      throw script_failure{
          fmt::format("step {}: the tree does not come to rest: {} waits for something that will never come", number_,
                      fmt::join(who, ", "))};
    }
    // What the root said of its end, and others of theirs, is in the trace already.
    bool more = true;
    while (more) receive([](message) {}, after(std::chrono::seconds{0}, [&more] { more = false; }));
  }

  void end_step() {
    come_to_rest();
    onlooker_.at_rest();
    if (!result_.is_null()) write(std::exchange(result_, nullptr));
    ordered_json alive = ordered_json::object();
    if (is_alive(root_process_)) {
      for (const auto& [path, life] : journal_->living()) {
        if (is_alive(life.process)) alive[path] = life.incarnation;
      }
    }
    write({{"event", "idle"}, {"step", number_}, {"alive", std::move(alive)}});
  }

  void tell(const tree_event& event) { write_line(detail::trace_line(event)); }

  // Called in other processes too: a failure is kept until the script's own process asks.
  void write_line(std::string_view line) {
    if (!broken_) broken_ = !trace_(line);
  }
  void write(const ordered_json& line) { write_line(detail::trace_line(line)); }

 public:
  bool is_broken() const noexcept { return broken_; }
  std::size_t step() const noexcept { return number_; }

 private:
  const supervisor_spec& root_;
  const std::vector<script_step>& steps_;
  const std::function<bool(std::string_view)>& trace_;
  worker_registry workers_;
  std::map<pid, const worker*> kinds_;
  script_onlooker& onlooker_;
  std::shared_ptr<tree_journal> journal_;
  std::shared_ptr<observer_pair> view_;
  std::shared_ptr<start_faults> faults_ = std::make_shared<start_faults>();
  tree_surroundings around_;
  pid root_process_;
  std::size_t number_ = 0;
  ordered_json result_;
  bool broken_ = false;
};

}  // namespace

script_onlooker::~script_onlooker() = default;

void check_script_messages(const supervisor_spec& root, const std::vector<script_step>& steps,
                           const worker_registry& workers, fault_list& faults) {
  tenants_by_path known;
  known[root.id].has_supervisor = true;
  for (const auto& child : root.children) collect(known, child, root.id, workers);
  for (const auto& step : steps) {
    if (const auto* start = std::get_if<step::start_child>(&step.action))
      collect(known, start->spec, start->supervisor, workers);
  }
  std::size_t number = 0;
  const auto add = [&](const std::string& place, std::string_view text) {
    faults.add(place, 0, fmt::format("step {}: {}", number, text));
  };
  // Calls `check` for each worker that may be meant, until one has no fault; `tell` is for the faults of the first.
  const auto check_target = [&](const script_step& step, const std::string& target, const auto& check,
                                const auto& tell) {
    const auto found = known.find(target);
    if (found == known.end()) return;
    const tenants& who = found->second;
    if (who.workers.empty()) {
      add(step.pointer + "/target", no_worker(target) + ".");
      return;
    }
    if (std::all_of(who.workers.begin(), who.workers.end(), [&](const worker* each) { return !check(*each).empty(); }))
      tell(check(*who.workers.front()));
  };
  for (const auto& step : steps) {
    ++number;
    if (const auto* send = std::get_if<step::send>(&step.action)) {
      check_target(
          step, send->target, [send](const worker& of) { return check_worker_message(of, *send->message); },
          [&](const std::vector<json_fault>& found) {
            for (const auto& each : found) add(step.pointer + "/message" + each.pointer, each.text);
          });
    } else if (const auto* view = std::get_if<step::view>(&step.action)) {
      check_target(
          step, view->target, [](const worker& of) { return check_worker_query(of, "view"); },
          [&](const std::string& found) { add(step.pointer, found); });
    }
  }
}

std::string run_script(const supervisor_spec& root, const std::vector<script_step>& steps,
                       const worker_registry& workers, const std::function<bool(std::string_view)>& trace,
                       std::optional<std::uint64_t> seed, script_onlooker* onlooker) {
  no_onlooker nobody;
  script_onlooker& looks_on = onlooker != nullptr ? *onlooker : nobody;
  script_run run{root, steps, workers, trace, looks_on};
  std::string failure;
  runtime_options options;
  options.virtual_time = true;
  options.seed = seed;
  options.closed = true;
  options.observer = &run.observer();
  options.faults = looks_on.faults();
  const int status = coppice::run(
      [&] {
        try {
          run.run();
        } catch (const std::exception& caught) {
          failure = caught.what();
        }
      },
      options);
  if (status != 0 && failure.empty()) {
    failure = fmt::format("step {}: it never ends: all processes wait, and no timer is pending", run.step());
  }
  if (failure.empty() && run.is_broken()) failure = "the trace could not be written to its end";
  return failure;
}

}  // namespace coppice
