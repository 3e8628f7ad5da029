#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "comparison.hpp"
#include "generator.hpp"
#include "model.hpp"
#include "normal_form.hpp"
#include "recorded_trace.hpp"
#include "rule_counts.hpp"

namespace {

namespace fs = std::filesystem;
using namespace coppice::conformance;

constexpr int exit_equal = 0;
constexpr int exit_different = 1;
constexpr int exit_bad_input = 2;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path.string() + ": cannot be read");
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const fs::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error(path.string() + ": cannot be written");
}

nlohmann::json read_json(const fs::path& path) {
  try {
    return nlohmann::json::parse(read_file(path));
  } catch (const nlohmann::json::exception& fault) {
    throw std::runtime_error(path.string() + ": " + fault.what());
  }
}

/// The folders named in a file, one a line.
std::vector<fs::path> read_list(const fs::path& list) {
  std::vector<fs::path> folders;
  std::istringstream lines(read_file(list));
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty()) folders.emplace_back(line);
  }
  return folders;
}

/// Lines that are in normal form already, as `conformance normal` prints them.
normal_trace read_normal(const fs::path& path) {
  normal_trace trace;
  std::istringstream lines(read_file(path));
  for (std::string line; std::getline(lines, line);) trace.lines.push_back(line);
  return trace;
}

recorded_traces read_recorded_file(const fs::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error(path.string() + ": cannot be read");
  return read_recorded(file);
}

std::string scenario_name(std::uint64_t seed) {
  std::ostringstream name;
  name << "seed-" << std::setw(6) << std::setfill('0') << seed;
  return name.str();
}

struct generate_options {
  std::string seeds;
  fs::path folder;
  std::string workers = "mixed";
};

/// Writes FOLDER/seed-N/tree.json and script.json, and prints the folders.
int run_generate(const generate_options& options) {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  auto dots = options.seeds.find("..");
  try {
    from = std::stoull(options.seeds);
    to = dots == std::string::npos ? from : std::stoull(options.seeds.substr(dots + 2));
  } catch (const std::logic_error&) {
    throw std::runtime_error("seeds: expected FROM..TO, two whole numbers; got \"" + options.seeds + "\"");
  }
  for (auto seed = from; seed <= to; ++seed) {
    auto which = options.workers == "calc"  ? workers::calc_only
                 : options.workers == "all" ? workers::all
                                            : workers_of(seed);
    auto made = generate(seed, which);
    auto folder = options.folder / scenario_name(seed);
    fs::create_directories(folder);
    write_file(folder / "tree.json", made.tree.dump(1) + "\n");
    std::string script = "[";
    for (const auto& step : made.script) script += (script.size() > 1 ? ",\n " : "\n ") + step.dump();
    write_file(folder / "script.json", script + "\n]\n");
    std::cout << folder.string() << "\n";
  }
  return exit_equal;
}

/// What the model says of a scenario. It is no oracle, see there.
model predict(const fs::path& folder) {
  model account(read_json(folder / "tree.json"));
  for (const auto& step : read_json(folder / "script.json")) account.step(step);
  account.finish();
  return account;
}

normal_trace trace_of(const model& account) {
  return {in_normal_order(account.lines()), {}};
}

/// A scenario's trace by the name of who made it: the model, NAME.jsonl, or NAME.txt in normal form.
normal_trace load_trace(const fs::path& folder, const std::string& name) {
  if (name == "model") return trace_of(predict(folder));
  auto text = folder / (name + ".txt");
  return fs::exists(text) ? read_normal(text) : to_normal_form(read_file(folder / (name + ".jsonl")));
}

/// Prints a trace in normal form.
int run_normal(const fs::path& path) {
  auto trace = to_normal_form(read_file(path));
  for (const auto& line : trace.lines) std::cout << line << "\n";
  for (const auto& note : trace.notes) std::cerr << path.string() << ": " << note << "\n";
  return exit_equal;
}

struct compare_options {
  std::vector<fs::path> traces;
  fs::path list;
  std::string expected = "otp";
  std::string actual = "coppice";
  fs::path recorded;
  bool strict = false;
};

int tell(const std::string& name, const std::optional<std::string>& difference, const std::string& replay) {
  if (!difference) return exit_equal;
  std::cout << name << ": " << *difference;
  if (!replay.empty()) std::cout << "  replay: " << replay << "\n";
  return exit_different;
}

/// Compares two traces, or those in each folder of a list.
int run_compare(const compare_options& options) {
  if (options.list.empty()) {
    if (options.traces.size() != 2) throw std::runtime_error("compare: expected two traces, or --list");
    auto expected = to_normal_form(read_file(options.traces[0]));
    auto actual = to_normal_form(read_file(options.traces[1]));
    return tell(options.traces[1].string(), first_difference(expected, actual, "expected", "actual", options.strict),
                "");
  }
  recorded_traces recorded;
  if (!options.recorded.empty()) recorded = read_recorded_file(options.recorded);
  int different = 0;
  auto folders = read_list(options.list);
  for (const auto& folder : folders) {
    auto name = folder.filename().string();
    normal_trace expected;
    if (options.recorded.empty()) {
      expected = load_trace(folder, options.expected);
    } else if (auto found = recorded.find(name); found != recorded.end()) {
      expected = found->second;
    } else {
      throw std::runtime_error(options.recorded.string() + ": has no scenario " + name);
    }
    auto actual = load_trace(folder, options.actual);
    auto expected_name = options.recorded.empty() ? options.expected : "recorded";
    different += tell(name, first_difference(expected, actual, expected_name, options.actual, options.strict),
                      options.actual == "coppice" ? "coppice run " + (folder / "tree.json").string() + " --script " +
                                                        (folder / "script.json").string() + " --trace -"
                                                  : "tests/conformance/otp_run " + (folder / "tree.json").string() +
                                                        " " + (folder / "script.json").string());
  }
  std::cout << folders.size() - static_cast<std::size_t>(different) << " of " << folders.size() << " scenarios equal, "
            << options.actual << " against " << (options.recorded.empty() ? options.expected : "the recorded answers")
            << "\n";
  return different == 0 ? exit_equal : exit_different;
}

struct record_options {
  fs::path list;
  fs::path out;
  std::string trace = "otp";
};

/// Keeps the traces of a list's folders in one file.
int run_record(const record_options& options) {
  recorded_traces traces;
  for (const auto& folder : read_list(options.list)) {
    traces[folder.filename().string()] = load_trace(folder, options.trace);
  }
  std::ostringstream text;
  write_recorded(text, traces);
  write_file(options.out, text.str());
  return exit_equal;
}

struct coverage_options {
  fs::path list;
  std::string trace;
  fs::path recorded;
  int at_least = 0;
  bool brief = false;
};

/// How often each rule was at work in the scenarios of a list. The model's account of a scenario is taken only if it
/// tells the very trace that the real OTP gave.
int run_coverage(const coverage_options& options) {
  recorded_traces recorded;
  if (!options.recorded.empty()) recorded = read_recorded_file(options.recorded);
  rule_counts total;
  int misunderstood = 0;
  for (const auto& folder : read_list(options.list)) {
    auto account = predict(folder);
    auto told = trace_of(account);
    auto name = folder.filename().string();
    std::optional<std::string> difference;
    if (!options.recorded.empty()) {
      difference = first_difference(recorded[name], told, "recorded", "model", false);
    } else if (!options.trace.empty()) {
      difference = first_difference(load_trace(folder, options.trace), told, options.trace, "model", false);
    }
    if (difference) {
      std::cout << name << ": the model is wrong: " << *difference;
      ++misunderstood;
      continue;
    }
    for (const auto& [rule, count] : account.counts()) total[rule] += count;
  }
  int rare = 0;
  for (auto name : all_rules()) {
    auto found = total.find(name);
    auto count = found == total.end() ? 0 : found->second;
    if (found != total.end()) total.erase(found);
    if (count < options.at_least) ++rare;
    if (!options.brief || count < options.at_least) {
      std::cout << std::setw(6) << count << (count < options.at_least ? " !" : "  ") << name << "\n";
    }
  }
  for (const auto& [name, count] : total) std::cout << std::setw(6) << count << " ?" << name << ": is in no list\n";
  std::cout << all_rules().size() << " rules and result codes, " << rare << " of them seen less than "
            << options.at_least << " times\n";
  return rare == 0 && misunderstood == 0 && total.empty() ? exit_equal : exit_different;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Scenarios for supervision trees: makes them, and compares what implementations did."};
  app.require_subcommand(1);

  generate_options generating;
  auto* generate_command = app.add_subcommand("generate", "Makes the scenarios of seeds and prints their folders.");
  generate_command->add_option("--seeds", generating.seeds, "FROM..TO")->required();
  generate_command->add_option("--out", generating.folder, "The folder to make theirs in")->required();
  generate_command->add_option("--workers", generating.workers, "calc, all, or mixed: two seeds in five have all")
      ->check(CLI::IsMember({"calc", "all", "mixed"}));

  compare_options comparing;
  auto* compare_command = app.add_subcommand("compare", "Compares traces in the normal form of the contract.");
  compare_command->add_option("traces", comparing.traces, "EXPECTED ACTUAL, files of JSON lines");
  compare_command->add_option("--list", comparing.list, "A file that names a folder with both traces a line");
  compare_command->add_option("--expected", comparing.expected,
                              "Beside --list: otp for otp.jsonl or otp.txt; model asks the model");
  compare_command->add_option("--actual", comparing.actual, "Beside --list: coppice for coppice.jsonl");
  compare_command->add_option("--recorded", comparing.recorded, "Beside --list: recorded traces to expect");
  compare_command->add_flag("--strict", comparing.strict, "What the normal form leaves out is a difference");

  fs::path to_normalise;
  auto* normal_command = app.add_subcommand("normal", "Prints a trace in the normal form of the contract.");
  normal_command->add_option("trace", to_normalise, "A file of JSON lines")->required();

  record_options recording;
  auto* record_command = app.add_subcommand("record", "Keeps traces in one file of short text.");
  record_command->add_option("--list", recording.list, "A file that names a folder a line")->required();
  record_command->add_option("--trace", recording.trace, "otp for otp.jsonl");
  record_command->add_option("--out", recording.out, "The file to write")->required();

  coverage_options covering;
  auto* coverage_command = app.add_subcommand("coverage", "Tells how often each rule and result code occurred.");
  coverage_command->add_option("--list", covering.list, "A file that names a folder a line")->required();
  coverage_command->add_option("--trace", covering.trace, "otp: count only what otp.jsonl confirms");
  coverage_command->add_option("--recorded", covering.recorded, "Count only what these recorded traces confirm");
  coverage_command->add_option("--at-least", covering.at_least, "Fail if one is seen less often");
  coverage_command->add_flag("--brief", covering.brief, "Print only those");

  CLI11_PARSE(app, argc, argv);
  try {
    if (*generate_command) return run_generate(generating);
    if (*compare_command) return run_compare(comparing);
    if (*normal_command) return run_normal(to_normalise);
    if (*record_command) return run_record(recording);
    return run_coverage(covering);
  } catch (const std::exception& fault) {
    std::cerr << "conformance: " << fault.what() << "\n";
    return exit_bad_input;
  }
}
