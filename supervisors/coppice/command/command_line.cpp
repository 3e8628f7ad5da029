#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <limits>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <coppice/command/command_line.hpp>
#include <coppice/command/help_pages.hpp>
#include <coppice/process/suggestion.hpp>
#include <coppice/tree/quoted_text.hpp>

namespace coppice::command {

namespace {

using detail::in_quotes;

constexpr unsigned most_threads = 1024;

// `; did you mean "X"?`, or what there is to choose from.
std::string suggestion(std::string_view word, const std::vector<std::string>& known, std::string_view kind) {
  const std::vector<std::string_view> words{known.begin(), known.end()};
  if (const auto near = closest(word, words)) return fmt::format("; did you mean {}?", in_quotes(*near));
  return fmt::format(". {}: {}.", kind, fmt::join(known, ", "));
}

std::string see(const CLI::App& where) {
  const std::string name = where.get_parent() == nullptr ? "coppice" : "coppice " + where.get_name();
  return fmt::format(" See {} --help.", name);
}

std::string who(const CLI::App& where) {
  return where.get_parent() == nullptr ? "" : where.get_name() + ": ";
}

// CLI11 does the parsing. What it would say of a wrong line is said here, in the words of the rest of the program.
class parser {
 public:
  parser() {
    app_.set_help_flag();
    app_.add_flag("--help,-h", wants_help_);
    app_.add_flag("--version", wants_version_);
    app_.require_subcommand(0, 1);

    add("run", help::run, true);
    CLI::App& run = *commands_.back().app;
    add_option(run, "--script", script_);
    add_option(run, "--trace", trace_);
    add_option(run, "--threads", threads_);
    run.add_flag("--verbose", verbose_);
    run.add_flag("--simulate", simulate_);
    add_option(run, "--seed", seed_);
    add_option(run, "--for", time_);
    run.add_flag("--check-determinism", checks_determinism_);
    add_load(run);

    add("check", help::check, true);
    add_load(*commands_.back().app);

    add("graph", help::graph, true);
    CLI::App& graph = *commands_.back().app;
    add_option(graph, "--format", format_);
    add_option(graph, "--output,-o", to_);
    add_load(graph);

    add("schema", help::schema, false);
    commands_.back().app->add_flag("--plan", of_plans_);

    add("chaos", help::chaos, true);
    CLI::App& chaos = *commands_.back().app;
    add_option(chaos, "--seed", seed_);
    add_option(chaos, "--report", report_);
    add_option(chaos, "--junit", junit_);
    chaos.add_flag("--real-time", real_time_);
    add_option(chaos, "--threads", threads_);
    chaos.add_flag("--verbose", verbose_);
    chaos.add_flag("--sweep", sweeps_);
    add_option(chaos, "--script", script_);
    add_option(chaos, "--expect", expect_);
    add_option(chaos, "--victims", victims_);
    add_option(chaos, "--way", ways_);
    add_option(chaos, "--point", point_);
    add_load(chaos);
  }

  command_line parse(const std::vector<std::string>& arguments) {
    refuse_unknown_words(arguments);
    std::vector<std::string> reversed{arguments.rbegin(), arguments.rend()};
    try {
      app_.parse(reversed);
    } catch (const CLI::ParseError& refused) {
      throw usage_fault{refused.what()};
    }
    const auto chosen =
        std::find_if(commands_.begin(), commands_.end(), [](const command& each) { return each.app->parsed(); });
    if (wants_help_) return page{chosen != commands_.end() ? chosen->help : help::overview};
    if (wants_version_) return page{help::version};
    if (chosen == commands_.end()) {
      throw usage_fault{
          fmt::format("expected a command: {}; got none.{}", fmt::join(command_names(), ", "), see(app_))};
    }
    const CLI::App& app = *chosen->app;
    if (chosen->takes_tree && trees_.empty()) {
      throw usage_fault{
          fmt::format("{}expected a tree file, or - for standard input; got none.{}", who(app), see(app))};
    }
    const std::string name = app.get_name();
    if (name == "run") return run(app);
    if (name == "check") return check_options{tree(app), load_};
    if (name == "graph") return graph(app);
    if (name == "chaos") return chaos(app);
    return schema_options{of_plans_};
  }

 private:
  struct command {
    CLI::App* app;
    std::string_view help;
    bool takes_tree;
  };

  void add(const std::string& name, std::string_view help, bool takes_tree) {
    CLI::App* made = app_.add_subcommand(name);
    made->set_help_flag();
    made->add_flag("--help,-h", wants_help_);
    if (takes_tree) made->add_option("TREE", trees_);
    commands_.push_back({made, help, takes_tree});
  }

  void add_load(CLI::App& to) { add_option(to, "--load", load_); }

  // One value each time; how often it may stand there is checked later.
  static void add_option(CLI::App& to, const std::string& name, std::vector<std::string>& values) {
    to.add_option(name, values)->type_size(1)->allow_extra_args(false);
  }

  std::vector<std::string> command_names() const {
    std::vector<std::string> names;
    for (const auto& each : commands_) names.push_back(each.app->get_name());
    return names;
  }

  // Before CLI11 looks at the line, since it only says that something is unexpected, not what was probably meant.
  void refuse_unknown_words(const std::vector<std::string>& arguments) {
    CLI::App* app = &app_;
    const CLI::Option* awaits_value = nullptr;
    for (const auto& word : arguments) {
      if (awaits_value != nullptr) {
        if (word.size() > 1 && word.starts_with('-')) refuse_option_as_value(*app, *awaits_value, word);
        awaits_value = nullptr;
      } else if (word == "--") {
        return;
      } else if (word.size() > 1 && word.starts_with('-')) {
        const std::string name = word.substr(0, word.find('='));
        const CLI::Option* option = app->get_option_no_throw(name);
        if (option == nullptr) {
          throw usage_fault{fmt::format("{}unknown option {}{}{}", who(*app), in_quotes(name),
                                        suggestion(name, option_names(*app), "Options"), see(*app))};
        }
        const bool takes_value = option->get_items_expected_max() > 0;
        if (takes_value && name.size() == word.size()) awaits_value = option;
        if (takes_value && name.size() + 1 == word.size()) refuse_missing_value(*app, *option);
        if (!takes_value && name.size() != word.size()) {
          throw usage_fault{fmt::format("{}{} takes no value; got {}.{}", who(*app), name, in_quotes(word), see(*app))};
        }
      } else if (app == &app_) {
        const auto named = [&word](const command& each) { return each.app->get_name() == word; };
        const auto found = std::find_if(commands_.begin(), commands_.end(), named);
        if (found == commands_.end()) {
          throw usage_fault{fmt::format("unknown command {}{}{}", in_quotes(word),
                                        suggestion(word, command_names(), "Commands"), see(app_))};
        }
        app = found->app;
      } else if (app->get_option_no_throw("TREE") == nullptr) {
        throw usage_fault{fmt::format("{}takes no file; got {}.{}", who(*app), in_quotes(word), see(*app))};
      }
    }
    if (awaits_value != nullptr) refuse_missing_value(*app, *awaits_value);
  }

  [[noreturn]] static void refuse_missing_value(const CLI::App& app, const CLI::Option& option) {
    throw usage_fault{fmt::format("{}expected a value after {}; got none.{}", who(app), option.get_name(), see(app))};
  }

  [[noreturn]] static void refuse_option_as_value(const CLI::App& app, const CLI::Option& option,
                                                  const std::string& word) {
    if (word == "--" || app.get_option_no_throw(word.substr(0, word.find('='))) != nullptr)
      refuse_missing_value(app, option);
    throw usage_fault{fmt::format(
        "{}expected a value after {}; got {}, which begins like an option. Write {}={} if it is "
        "meant.{}",
        who(app), option.get_name(), in_quotes(word), option.get_name(), detail::printable(word), see(app))};
  }

  static std::vector<std::string> option_names(CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::Option* each : app.get_options()) {
      for (const auto& name : each->get_lnames()) names.push_back("--" + name);
    }
    return names;
  }

  static std::optional<std::string> at_most_one(const CLI::App& app, std::string_view option,
                                                const std::vector<std::string>& given) {
    if (given.size() > 1) {
      throw usage_fault{
          fmt::format("{}expected {} once; got it {} times.{}", who(app), option, given.size(), see(app))};
    }
    if (given.empty()) return std::nullopt;
    if (given.front().empty()) {
      throw usage_fault{fmt::format("{}expected a value after {}; got an empty text.{}", who(app), option, see(app))};
    }
    return given.front();
  }

  std::string tree(const CLI::App& app) const {
    if (trees_.size() > 1) {
      throw usage_fault{fmt::format("{}expected one tree file; got {} and {}.{}", who(app), in_quotes(trees_[0]),
                                    in_quotes(trees_[1]), see(app))};
    }
    return trees_.front();
  }

  run_options run(const CLI::App& app) const {
    run_options made;
    made.tree = tree(app);
    made.script = at_most_one(app, "--script", script_);
    made.trace = at_most_one(app, "--trace", trace_);
    made.libraries = load_;
    made.verbose = verbose_;
    if (const auto given = at_most_one(app, "--threads", threads_)) made.threads = threads(app, *given);
    if (const auto given = at_most_one(app, "--seed", seed_)) made.seed = number(app, "--seed", *given);
    if (const auto given = at_most_one(app, "--for", time_)) made.time = time(app, *given);
    made.simulate = simulate_;
    made.checks_determinism = checks_determinism_;
    refuse_contradictions(app, made);
    if (made.tree == "-" && made.script == "-") {
      throw usage_fault{fmt::format("{}the tree and the script cannot both come from standard input (-).", who(app))};
    }
    return made;
  }

  static void refuse_contradictions(const CLI::App& app, const run_options& made) {
    if (made.script && made.threads) {
      throw usage_fault{
          fmt::format("{}--threads cannot stand beside --script: a script runs in virtual time, on one thread. "
                      "Leave one of them out.",
                      who(app))};
    }
    if (made.simulate && made.threads) {
      throw usage_fault{
          fmt::format("{}--threads cannot stand beside --simulate: a simulation runs in virtual time, on one thread. "
                      "Leave one of them out.",
                      who(app))};
    }
    if (!made.simulate) {
      const char* alone = made.seed                 ? "--seed"
                          : made.time               ? "--for"
                          : made.checks_determinism ? "--check-determinism"
                                                    : nullptr;
      if (alone != nullptr) {
        throw usage_fault{fmt::format("{}{} is for simulated runs: add --simulate, or leave it out.", who(app), alone)};
      }
    }
    if (made.script && made.time) {
      throw usage_fault{
          fmt::format("{}--for cannot stand beside --script: there time passes by the steps of the script "
                      "(\"advance\"). Leave one of them out.",
                      who(app))};
    }
  }

  static std::uint64_t number(const CLI::App& app, std::string_view option, const std::string& given) {
    std::uint64_t number = 0;
    const auto [end, fault] = std::from_chars(given.data(), given.data() + given.size(), number);
    if (fault == std::errc{} && end == given.data() + given.size()) return number;
    throw usage_fault{fmt::format("{}expected a whole number, 0 to {}, after {}; got {}.", who(app),
                                  std::numeric_limits<std::uint64_t>::max(), option, in_quotes(given))};
  }

  // A whole number and its unit, up to a century.
  static std::chrono::milliseconds time(const CLI::App& app, const std::string& given) {
    constexpr std::pair<std::string_view, std::int64_t> units[] = {
        {"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
    constexpr std::int64_t most = std::int64_t{36525} * 86'400'000;
    std::int64_t number = 0;
    const auto [end, fault] = std::from_chars(given.data(), given.data() + given.size(), number);
    const std::string_view unit{end, static_cast<std::size_t>(given.data() + given.size() - end)};
    const auto found =
        std::find_if(std::begin(units), std::end(units), [unit](const auto& each) { return each.first == unit; });
    if (fault == std::errc{} && number >= 0 && found != std::end(units) && number <= most / found->second)
      return std::chrono::milliseconds{number * found->second};
    throw usage_fault{
        fmt::format("{}expected a time with its unit (ms, s, min, h, d), such as 90s or 24h, up to a century, after "
                    "--for; got {}.",
                    who(app), in_quotes(given))};
  }

  static unsigned threads(const CLI::App& app, const std::string& given) {
    unsigned number = 0;
    const auto [end, fault] = std::from_chars(given.data(), given.data() + given.size(), number);
    if (fault == std::errc{} && end == given.data() + given.size() && number >= 1 && number <= most_threads)
      return number;
    throw usage_fault{fmt::format("{}expected a whole number, 1 to {}, after --threads; got {}.", who(app),
                                  most_threads, in_quotes(given))};
  }

  chaos_command_options chaos(const CLI::App& app) const {
    if (trees_.size() > 2) {
      throw usage_fault{fmt::format("{}expected a tree file and at most one plan; got {} files.{}", who(app),
                                    trees_.size(), see(app))};
    }
    chaos_command_options made;
    made.tree = trees_.front();
    if (trees_.size() == 2) made.plan = trees_.back();
    made.libraries = load_;
    if (const auto given = at_most_one(app, "--seed", seed_)) made.seed = number(app, "--seed", *given);
    made.report = at_most_one(app, "--report", report_);
    made.junit = at_most_one(app, "--junit", junit_);
    made.real_time = real_time_;
    if (const auto given = at_most_one(app, "--threads", threads_)) made.threads = threads(app, *given);
    made.verbose = verbose_;
    made.sweeps = sweeps_;
    made.script = at_most_one(app, "--script", script_);
    made.expect = at_most_one(app, "--expect", expect_);
    made.victims = victims_;
    made.ways = ways_;
    if (const auto given = at_most_one(app, "--point", point_)) made.point = number(app, "--point", *given);
    refuse_contradictions(app, made);
    return made;
  }

  static void refuse_contradictions(const CLI::App& app, const chaos_command_options& made) {
    const auto refuse = [&app](std::string_view text) { throw usage_fault{fmt::format("{}{}", who(app), text)}; };
    if (made.threads && !made.real_time) {
      refuse("--threads is for real time: a simulation runs on one thread. Add --real-time, or leave it out.");
    }
    if (made.sweeps) {
      if (made.plan) refuse("--sweep takes no plan: it hits each point in turn. Leave one of them out.");
      if (made.real_time)
        refuse("--real-time cannot stand beside --sweep: a point is found again in virtual time only.");
      if (made.report)
        refuse("--report cannot stand beside --sweep, which is reported on the terminal and by --junit.");
    } else {
      const char* alone = made.script             ? "--script"
                          : made.expect           ? "--expect"
                          : !made.victims.empty() ? "--victims"
                          : !made.ways.empty()    ? "--way"
                          : made.point            ? "--point"
                                                  : nullptr;
      if (alone != nullptr) refuse(fmt::format("{} is for sweeps: add --sweep, or leave it out.", alone));
    }
    if (made.point && made.ways.size() != 1) refuse("--point needs one --way: the one in which it is hit.");
    const bool from_input[] = {made.tree == "-", made.plan == "-", made.script == "-", made.expect == "-"};
    if (std::count(std::begin(from_input), std::end(from_input), true) > 1) {
      refuse("only one of the tree, the plan, the script and the expectations can come from standard input (-).");
    }
  }

  graph_options graph(const CLI::App& app) const {
    graph_options made;
    made.tree = tree(app);
    made.libraries = load_;
    made.to = at_most_one(app, "--output", to_).value_or("-");
    const std::string format = at_most_one(app, "--format", format_).value_or("dot");
    if (format != "dot" && format != "svg") {
      throw usage_fault{fmt::format("{}expected \"dot\" or \"svg\" after --format; got {}{}", who(app),
                                    in_quotes(format), suggestion(format, {"dot", "svg"}, "Formats"))};
    }
    made.as = format == "svg" ? graph_options::format::svg : graph_options::format::dot;
    return made;
  }

  CLI::App app_;
  std::vector<command> commands_;
  bool wants_help_ = false;
  bool wants_version_ = false;
  bool verbose_ = false;
  bool simulate_ = false;
  bool checks_determinism_ = false;
  bool of_plans_ = false;
  bool real_time_ = false;
  bool sweeps_ = false;
  std::vector<std::string> report_;
  std::vector<std::string> junit_;
  std::vector<std::string> victims_;
  std::vector<std::string> ways_;
  std::vector<std::string> point_;
  std::vector<std::string> trees_;
  std::vector<std::string> script_;
  std::vector<std::string> expect_;
  std::vector<std::string> trace_;
  std::vector<std::string> threads_;
  std::vector<std::string> seed_;
  std::vector<std::string> time_;
  std::vector<std::string> load_;
  std::vector<std::string> format_;
  std::vector<std::string> to_;
};

}  // namespace

command_line parse_command_line(const std::vector<std::string>& arguments) {
  return parser{}.parse(arguments);
}

}  // namespace coppice::command
