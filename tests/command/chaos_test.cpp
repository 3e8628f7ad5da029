#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>

#include "../tree/temporary_directory.hpp"
#include "child_program.hpp"

using command_tests::child_program;
using command_tests::outcome;
using command_tests::required_variable;
using coppice::tests::temporary_directory;
using nlohmann::json;
using words = std::vector<std::string>;

namespace {

constexpr const char* pool = R"({"id": "root", "max_restarts": 1000, "children": [
    {"id": "c", "start": "calc", "count": 3}]})";

// The pool with a plan.
std::string pool_with(const std::string& plan, const std::string& worker = "calc") {
  return R"({"id": "root", "max_restarts": 100000, "children": [{"id": "c", "start": ")" + worker +
         R"(", "count": 3}], "chaos": )" + plan + "}";
}

const std::string calm_plan = R"({"seed": 5, "duration_ms": 3000, "faults": [{"victims": "leaf", "per_second": 5}],
    "limits": {"give_ups": 0, "recovery_p99_ms": 50}})";
const std::string strict_plan = R"({"seed": 5, "duration_ms": 3000, "faults": [{"victims": "leaf", "per_second": 5}],
    "limits": {"give_ups": 0, "recovery_p99_ms": 0.0001}})";
const std::string endless_plan = R"({"seed": 5, "duration_ms": 3155000000000,
    "faults": [{"victims": "leaf", "how": ["kill", "hang"], "per_second": 200}], "limits": {"give_ups": 0}})";

outcome chaos(const std::string& tree, const words& more = {}, const child_program::setting& how = {}) {
  words arguments{"chaos", "-"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  child_program::setting with_tree = how;
  with_tree.input = tree;
  return command_tests::run(arguments, with_tree);
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::string bytes_of(const std::string& path) {
  std::ifstream from{path, std::ios::binary};
  CHECK_MESSAGE(from.good(), path);
  return {std::istreambuf_iterator<char>{from}, {}};
}

std::string after(const std::string& text, std::string_view mark) {
  const auto at = text.rfind(mark);
  if (at == std::string::npos) return "";
  const auto begin = at + mark.size();
  return text.substr(begin, text.find('\n', begin) - begin);
}

// The command that a text says shows it again, without `coppice`. It needs no quotes here.
words replay_in(const std::string& text) {
  std::istringstream from{after(text, "to see it again: ")};
  words command{std::istream_iterator<std::string>{from}, {}};
  REQUIRE(command.size() > 2);
  CHECK(command.front() == "coppice");
  command.erase(command.begin());
  return command;
}

// What is wrong with it as XML, as far as elements, attributes and characters that need an escape go; or nothing.
std::string fault_of_xml(const std::string& text) {
  std::vector<std::string> open;
  std::size_t at = 0;
  if (!text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n")) return "no declaration";
  at = text.find('\n') + 1;
  while (at < text.size()) {
    const std::size_t tag = text.find('<', at);
    const std::string between = text.substr(at, tag - at);
    for (std::size_t amp = between.find('&'); amp != std::string::npos; amp = between.find('&', amp + 1)) {
      const std::string entity = between.substr(amp, between.find(';', amp) - amp);
      if (entity != "&amp" && entity != "&lt" && entity != "&gt" && entity != "&quot" && !entity.starts_with("&#")) {
        return "a plain & in: " + between;
      }
    }
    if (tag == std::string::npos) break;
    std::size_t end = tag;
    for (bool quoted = false; end < text.size() && (quoted || text[end] != '>'); ++end) {
      if (text[end] == '"') quoted = !quoted;
      if (end > tag && text[end] == '<') return "a plain < in: " + text.substr(tag, end - tag);
    }
    if (end == text.size()) return "it ends within: " + text.substr(tag);
    const std::string inside = text.substr(tag + 1, end - tag - 1);
    const std::string name = inside.substr(0, inside.find_first_of(" /", 1));
    if (name.starts_with('/')) {
      if (open.empty() || open.back() != name.substr(1)) return "nobody opened: " + name;
      open.pop_back();
    } else if (!inside.ends_with('/')) {
      if (open.empty() && tag > text.find('\n') + 1) return "a second root: " + name;
      open.push_back(name);
    }
    at = end + 1;
  }
  return open.empty() ? "" : "nobody closed: " + open.back();
}

void check_junit(const std::string& path, bool passed) {
  const std::string text = bytes_of(path);
  CHECK(fault_of_xml(text) == "");
  CHECK(contains(text, "<testsuites"));
  CHECK(contains(text, "<failure") == !passed);
}

// No file may grow beyond that while it lives, as on a disk that is full. Children inherit it.
class small_disk {
 public:
  explicit small_disk(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit small{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
  }
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;
  ~small_disk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

}  // namespace

TEST_SUITE("coppice chaos") {
  TEST_CASE("a run that keeps its limits has a table, and status 0") {
    const auto done = chaos(pool_with(calm_plan));
    CHECK(done.status == 0);
    CHECK(done.errors == "");
    CHECK(done.output.starts_with("root, seed 5: "));
    CHECK(contains(done.output, " in 3 s of virtual time\n"));
    for (const char* const path : {"\nroot ", "\nroot/c-1 ", "\nroot/c-2 ", "\nroot/c-3 ", "\nall 4 "}) {
      CHECK(contains(done.output, path));
    }
    CHECK(contains(done.output, "\npassed\n"));
    CHECK_FALSE(contains(done.output, "\033"));
  }

  TEST_CASE("a limit that is broken is named with the child and the seed, and the command shows it again") {
    const temporary_directory directory;
    const std::string tree = directory.write("tree.json", pool_with(strict_plan));
    const auto done = command_tests::run({"chaos", tree});
    CHECK(done.status == 1);
    CHECK(contains(done.output, "  root/c-1: recovery_p99_ms: "));
    CHECK(contains(done.output, "; the limit is 0.0001 ms\n"));
    CHECK(contains(done.output, "\nfailed, with seed 5\n"));
    CHECK(contains(done.output, "\nreplay: coppice chaos " + tree + " --seed 5\n"));
    const auto again = command_tests::run(replay_in(done.errors));
    CHECK(again.status == 1);
    CHECK(again.output == done.output);
    CHECK(again.errors == done.errors);
  }

  TEST_CASE("a plan that hits nobody is warned of in the table and in the reports, and the status stays 0") {
    const temporary_directory directory;
    const std::string folder = directory.path("out");
    const auto done = chaos(pool_with(R"({"seed": 5, "duration_ms": 100,
        "faults": [{"victims": "leaf", "per_second": 0.001}], "limits": {"recovery_p99_ms": 50}})"),
                            {"--report", folder});
    CHECK(done.status == 0);
    CHECK(contains(done.output, "\nwarning: no fault of the plan has hit anybody, "));
    CHECK(json::parse(bytes_of(folder + "/report.json"))["warnings"].size() == 1);
    CHECK(contains(bytes_of(folder + "/report.html"), "no fault of the plan has hit anybody"));
    CHECK(contains(bytes_of(folder + "/junit.xml"), "<skipped message=\"no fault of the plan has hit anybody, "));
    CHECK_FALSE(contains(chaos(pool_with(calm_plan)).output, "warning"));
  }

  TEST_CASE("an expectation that is not met fails the run, with what was answered") {
    const auto done = chaos(pool_with(R"({"seed": 5, "duration_ms": 1000, "faults": [{"victims": "leaf"}],
        "expect": [{"call": "root/c-1", "message": "view", "equals": 4}]})"));
    CHECK(done.status == 1);
    CHECK(contains(done.output, "broken invariant:\n  root/c-1: expectation: "));
    CHECK(contains(done.output, "expected 4"));
  }

  TEST_CASE("a root that gives up fails a limit, and is no news on standard error") {
    const auto done = chaos(R"({"id": "root", "max_restarts": 0, "children": [{"id": "c", "start": "calc"}],
        "chaos": {"seed": 1, "duration_ms": 60000, "faults": [{"victims": "leaf"}], "limits": {"give_ups": 0}}})");
    CHECK(done.status == 1);
    CHECK(contains(done.output, "  root: give_ups: 1 "));
    CHECK(done.errors == "coppice: to see it again: coppice chaos - --seed 1  # with the tree on standard input\n");
  }

  TEST_CASE("a tree that does not grow back has failed, with no limit at all") {
    const auto done = chaos(R"({"id": "root", "max_restarts": 0, "children": [{"id": "c", "start": "calc"}],
        "chaos": {"seed": 1, "duration_ms": 60000, "faults": [{"victims": "leaf"}]}})");
    CHECK(done.status == 1);
    CHECK(
        contains(done.output, "broken invariants:\n  root: the tree grew back: ended with shutdown before the plan "));
    CHECK(contains(done.output, "  root/c: the tree grew back: was out of service at the end\n"));
    CHECK(contains(done.output, "\nfailed, with seed 1\n"));
  }

  TEST_CASE("the plan may stand in a file of its own, and comes before the tree's") {
    const temporary_directory directory;
    const std::string plan = directory.write("plan.json", calm_plan);
    const auto done = chaos(pool, {plan});
    CHECK(done.status == 0);
    CHECK(done.output == chaos(pool_with(strict_plan), {plan}).output);
    const auto other = chaos(pool_with(strict_plan), {plan, "--seed", "6"});
    CHECK(other.output.starts_with("root, seed 6: "));
    const std::string tree = directory.write("tree.json", pool);
    const auto piped = command_tests::run({"chaos", tree, "-"}, {.input = calm_plan});
    const auto without_replay = [](const std::string& text) { return text.substr(0, text.find("replay: ")); };
    CHECK(without_replay(piped.output) == without_replay(done.output));
  }

  TEST_CASE("a seed that nobody gave is drawn and told") {
    const auto done = chaos(pool_with(R"({"duration_ms": 1000, "faults": [{"victims": "leaf"}]})"));
    CHECK(done.status == 0);
    CHECK(done.errors.starts_with("coppice: seed "));
    const std::string seed = after(done.errors, "coppice: seed ");
    CHECK(done.output.starts_with("root, seed " + seed + ": "));
    const auto swept = chaos(pool, {"--sweep", "--victims", "root/c-1"});
    CHECK(swept.errors.starts_with("coppice: seed "));
  }

  TEST_CASE("what is wrong is answered before anything runs, with status 2") {
    const temporary_directory directory;
    const auto refused = [&](const std::string& tree, const words& more, std::string_view part) {
      const std::string folder = directory.path("never");
      words arguments = more;
      if (more.empty() || more.front() != "--sweep") arguments.insert(arguments.end(), {"--report", folder});
      const auto done = chaos(tree, arguments);
      INFO(done.errors);
      CHECK(done.status == 2);
      CHECK(done.output == "");
      CHECK(contains(done.errors, part));
      CHECK_FALSE(std::filesystem::exists(folder));
    };
    refused(pool, {}, "standard input: expected a chaos plan: \"chaos\" in the tree, or a file of its own");
    refused(pool, {"nowhere.json"}, "nowhere.json: no such file");
    refused(pool_with(R"({"duration_ms": 1000, "faults": [{"victims": "root/z"}]})"), {},
            "standard input:/chaos/faults/0/victims: the tree has no process \"root/z\"");
    refused(pool_with(R"({"duration_ms": 1000, "faults": [{"victims": "leaf"}], "limits": {"give_ups": "none"}})"), {},
            "standard input:/chaos/limits/give_ups: expected a whole number");
    refused(pool_with(calm_plan), {"--seed", "seven"},
            "expected a whole number, 0 to 18446744073709551615, after --seed");
    refused(pool,
            {directory.write("plan.json", R"({"duration_ms": 1, "faults": [{"victims": "leaf", "how": "kil"}]})")},
            "plan.json:/faults/0/how: unknown way of hitting \"kil\"; did you mean \"kill\"?");
    refused(pool, {"--sweep", "--way", "kil"}, "after --way; got \"kil\"; did you mean \"kill\"?");
    refused(pool, {"--sweep", "--victims", "root/d-*"}, "--victims \"root/d-*\" names no process of the tree");
    refused(pool, {"--sweep", "--point", "1000", "--way", "kill"}, "expected a point from 1 to ");
    refused(pool, {"--sweep", "--point", "2", "--way", "failing_start"},
            "a start fails only at init_begins; point 2 is ");
    refused(pool, {"--sweep", "--script", "nowhere.json"}, "nowhere.json: no such file");
    refused(pool, {"--sweep", "--expect", "nowhere.json"}, "nowhere.json: no such file");
    const std::string expect = directory.write("expect.json", R"([{"call": "root/d", "message": "view"}])");
    refused(pool, {"--sweep", "--expect", expect}, "expect.json:/0/call: the tree has no process \"root/d\"");
    refused(pool, {"--sweep", "--expect", expect, "--way", "kil"}, "/0: missing key \"equals\".");
    refused("{}", {"--sweep", "--expect", expect}, "/0: missing key \"equals\".");
    refused("{}", {}, "standard input:");
    const auto without_a_seed = [](const words& more) {
      const auto done = chaos(pool_with(R"({"duration_ms": 1, "faults": [{"victims": "leaf"}]})"), more);
      CHECK(done.status == 2);
      CHECK_FALSE(contains(done.errors, "coppice: seed "));
    };
    without_a_seed({"--sweep", "--point", "3000", "--way", "kill"});
    without_a_seed({"--sweep", "--junit", "."});
    without_a_seed({"--junit", "."});
    without_a_seed({"--report", "/proc/coppice"});
    refused(pool_with(calm_plan, "clac"), {}, "clac");
  }

  TEST_CASE("all faults of a plan are told at once") {
    const auto done =
        chaos(pool_with(R"({"faults": [{"victims": "root/z", "how": "kil"}], "limits": {"give_ups": -1}})"));
    CHECK(done.status == 2);
    for (const char* const part : {"/chaos: missing key \"duration_ms\"",
                                   "/chaos/faults/0/victims: ", "/chaos/faults/0/how: ", "/chaos/limits/give_ups: "}) {
      CHECK(contains(done.errors, part));
    }
  }

  TEST_CASE("where the tree is wrong, what is wrong with the plan beside it is told too") {
    const temporary_directory place;
    const std::string plan = place.write("plan.json", R"({"faults": [{"victims": "root/z", "how": "kil"}]})");
    const auto done = chaos(R"({"id": "root", "strategy": "all", "children": []})", {plan});
    CHECK(done.status == 2);
    for (const char* const part :
         {"standard input:/strategy: ", "plan.json: missing key \"duration_ms\"", "plan.json:/faults/0/how: "}) {
      CHECK(contains(done.errors, part));
    }
    CHECK_FALSE(contains(done.errors, "/victims"));  // which only a tree can tell
  }

  TEST_CASE("a limit that cannot be broken is refused, and in real time it can be") {
    const std::string free = R"({"init_us": 0, "handler_us": 0, "terminate_us": 0})";
    const std::string tree = R"({"id": "root", "max_restarts": 1000, "cost": )" + free +
                             R"(, "children": [{"id": "c", "start": "calc", "cost": )" + free +
                             R"(}], "chaos": {"seed": 1, "duration_ms": 1, "faults": [{"victims": "leaf"}],
                                    "limits": {"recovery_p99_ms": 60000}}})";
    const auto done = chaos(tree);
    CHECK(done.status == 2);
    CHECK(contains(done.errors, "standard input: limits: recovery_p99_ms: cannot be broken: "));
    CHECK(chaos(tree, {"--real-time", "--threads", "2"}).status == 0);
  }

  TEST_CASE("the report folder has a page, JSON and JUnit, and the same seed gives the same bytes") {
    const temporary_directory directory;
    const std::string tree = directory.write("tree.json", pool_with(strict_plan));
    const std::string first = directory.path("new/first");
    const std::string second = directory.path("second");
    const std::string other = directory.path("other");
    CHECK(command_tests::run({"chaos", tree, "--report", first}).status == 1);
    CHECK(command_tests::run({"chaos", tree, "--seed", "5", "--report", second}).status == 1);
    CHECK(command_tests::run({"chaos", tree, "--seed", "6", "--report", other}).status == 1);
    for (const char* const name : {"/report.json", "/report.html", "/junit.xml"}) {
      INFO(name);
      CHECK(bytes_of(first + name) == bytes_of(second + name));
      CHECK(bytes_of(first + name) != bytes_of(other + name));
    }
    const json report = json::parse(bytes_of(first + "/report.json"));
    CHECK(report["format"] == "coppice chaos report");
    CHECK(report["seed"] == 5);
    CHECK(report["virtual_time"] == true);
    CHECK(report["interrupted"] == false);
    CHECK(report["passed"] == false);
    CHECK(report["replay"] == "coppice chaos " + tree + " --seed 5");
    CHECK(report["broken_limits"].size() == 3);
    CHECK(report["hits"].size() == report["all"]["cuts"]);
    check_junit(first + "/junit.xml", false);
    const std::string page = bytes_of(first + "/report.html");
    CHECK(page.starts_with("<!DOCTYPE html>"));
    CHECK_FALSE(contains(page, "http://"));
    CHECK_FALSE(contains(page, "https://"));
  }

  TEST_CASE("--junit writes a file, of a sweep too") {
    const temporary_directory directory;
    const std::string file = directory.path("ci/junit.xml");
    CHECK(chaos(pool_with(calm_plan), {"--junit", file}).status == 0);
    check_junit(file, true);
    CHECK(chaos(pool_with(strict_plan), {"--junit", file}).status == 1);
    check_junit(file, false);
    CHECK(chaos(pool, {"--sweep", "--seed", "1", "--junit", file}).status == 0);
    check_junit(file, true);
  }

  TEST_CASE("--junit - is standard output, and what is for people goes to standard error") {
    const auto done = chaos(pool_with(calm_plan), {"--junit", "-"});
    CHECK(done.status == 0);
    CHECK(fault_of_xml(done.output) == "");
    CHECK(contains(done.errors, "\npassed\n"));
    const auto swept = chaos(pool, {"--sweep", "--seed", "1", "--junit", "-"});
    CHECK(swept.status == 0);
    CHECK(fault_of_xml(swept.output) == "");
    CHECK(contains(swept.errors, ": 100 runs, 0 failed"));
    CHECK(chaos(pool_with(calm_plan), {"--junit", "-"}, {.standard_output = "/dev/full"}).status == 1);
    CHECK_FALSE(std::filesystem::exists("-"));
  }

  TEST_CASE("--junit follows a link, and replaces the file at its end") {
    const temporary_directory directory;
    const std::string file = directory.write("junit.xml", "old");
    std::filesystem::create_symlink(file, directory.path("link.xml"));
    CHECK(chaos(pool_with(calm_plan), {"--junit", directory.path("link.xml")}).status == 0);
    check_junit(file, true);
    CHECK(std::filesystem::is_symlink(directory.path("link.xml")));
  }

  TEST_CASE("where a report cannot be written, nothing runs") {
    const temporary_directory directory;
    const std::string file = directory.write("file", "mine");
    const auto refused = [&](const words& more, std::string_view part) {
      const auto done = chaos(pool_with(calm_plan), more);
      INFO(done.errors);
      CHECK(done.status == 2);
      CHECK(done.output == "");
      CHECK(contains(done.errors, part));
    };
    refused({"--report", file}, file + ": expected a folder, or a name that is free; this is a file.");
    refused({"--report", file + "/below"}, "the folder cannot be made: Not a directory");
    refused({"--report", "/proc/coppice"}, "/proc/coppice: the folder cannot be made: ");
    refused({"--report", ""}, "expected a value after --report; got an empty text");
    refused({"--report", directory.path("a"), "--report", directory.path("b")},
            "expected --report once; got it 2 times");
    refused({"--junit", "/proc/coppice/junit.xml"}, "/proc/coppice: the folder cannot be made: ");
    refused({"--junit", directory.path("")}, "is a folder. Name a file in it, such as ");
    refused(
        {"--junit", "."},
        "expected the name of a file after --junit; \".\" is a folder. Name a file in it, such as \"./junit.xml\".");
    refused({"--junit", "/dev/full"},
            "--junit would replace \"/dev/full\", which is no file. Name another file, or - for standard output.");
    // Links to what the command has open; nothing of the system could be replaced there.
    refused({"--junit", "/proc/self/fd/1"}, "--junit would replace \"/proc/self/fd/1\", which is no file. ");
    CHECK(chaos(pool_with(calm_plan), {"--junit", "/proc/self/fd/1"}, {.standard_output = file}).status == 2);
    CHECK(bytes_of(file) == "mine");
    std::filesystem::create_directories(directory.path("taken/report.html"));
    refused({"--report", directory.path("taken")},
            "taken/report.html: the report would be written there, and it is no file");
    const std::string tree = directory.write("tree.json", pool_with(calm_plan));
    const auto over = command_tests::run({"chaos", tree, "--junit", tree});
    CHECK(over.status == 2);
    CHECK(contains(over.errors, "would overwrite " + tree));
    CHECK(bytes_of(tree) == pool_with(calm_plan));
  }

  TEST_CASE("a terminal that takes nothing does not keep the report from its folder") {
    const temporary_directory directory;
    const std::string folder = directory.path("out");
    for (const char* const where : {"/dev/full", "closed"}) {
      INFO(where);
      const auto done = chaos(pool_with(calm_plan), {"--report", folder}, {.standard_output = where});
      CHECK(done.status == 1);
      CHECK(done.errors.starts_with("coppice: standard output: cannot be written: "));
      CHECK(json::parse(bytes_of(folder + "/report.json"))["passed"] == true);
      std::filesystem::remove_all(folder);
    }
    const auto swept = chaos(pool, {"--sweep", "--seed", "1"}, {.standard_output = "/dev/full"});
    CHECK(swept.status == 1);
    CHECK(swept.errors == "coppice: standard output: cannot be written: No space left on device\n");
  }

  TEST_CASE("a disk that is full in the middle takes what there is room for, and of an earlier run nothing stays") {
    const temporary_directory directory;
    const std::string folder = directory.path("out");
    CHECK(chaos(pool_with(calm_plan), {"--report", folder}).status == 0);
    const auto done = [&] {
      // Room for the report and the JUnit file, but not for the page.
      const small_disk small{
          std::max(bytes_of(folder + "/report.json").size(), bytes_of(folder + "/junit.xml").size()) + 4096};
      return chaos(pool_with(strict_plan), {"--report", folder});
    }();
    CHECK(done.status == 1);
    CHECK(contains(done.errors, folder + "/report.html: cannot be written: File too large; the one of an earlier run "
                                         "is removed\ncoppice: to see it again: "));
    CHECK(contains(done.output, "failed, with seed 5"));
    CHECK(json::parse(bytes_of(folder + "/report.json"))["passed"] == false);
    check_junit(folder + "/junit.xml", false);
    CHECK(std::distance(std::filesystem::directory_iterator{folder}, {}) == 2);
  }

  TEST_CASE("--verbose tells every report, and without it there is none") {
    CHECK(chaos(pool_with(calm_plan)).errors == "");
    const auto done = chaos(pool_with(calm_plan), {"--verbose"});
    CHECK(done.status == 0);
    CHECK(contains(done.errors, "supervisor root: child \"c-"));
    CHECK(contains(done.errors, "exited: killed. Restart 1 of 100000 within 5 s"));
    CHECK(done.output == chaos(pool_with(calm_plan)).output);
    CHECK(contains(chaos(pool, {"--sweep", "--seed", "1", "--verbose"}).errors, "injected"));
  }

  TEST_CASE("in real time the table says so, and the seed draws the same victims") {
    const temporary_directory directory;
    const std::string folder = directory.path("out");
    const auto done = chaos(pool_with(R"({"seed": 5, "duration_ms": 100,
        "faults": [{"victims": "leaf", "per_second": 500}], "limits": {"give_ups": 0}})"),
                            {"--real-time", "--threads", "2", "--report", folder});
    CHECK(done.status == 0);
    CHECK(contains(done.output, " of real time\n"));
    const json report = json::parse(bytes_of(folder + "/report.json"));
    CHECK(report["virtual_time"] == false);
    CHECK(report["all"]["cuts"] > 10);
    CHECK(report["all"]["not_back"] == 0);
    CHECK(report["replay"] == "coppice chaos - --seed 5 --real-time --threads 2  # with the tree on standard input");
  }

  TEST_CASE("a signal in the middle ends the harm: the tree grows back, and what was done is reported") {
    const temporary_directory directory;
    const std::string folder = directory.path("out");
    for (const bool real_time : {true, false}) {
      for (const int number : {SIGINT, SIGTERM}) {
        INFO(real_time << " " << number);
        words arguments{"chaos", "-", "--verbose", "--report", folder};
        if (real_time) arguments.insert(arguments.end(), {"--real-time", "--threads", "2"});
        child_program child{arguments, {.input = pool_with(endless_plan)}};
        child.wait_for_error(". Restart ");
        child.signal(number);
        child.wait_for_error(": no more harm; the tree grows back, and is shut down");
        CHECK(child.finish() == 1);
        INFO(child.output());
        CHECK(contains(child.errors(), "coppice: the plan was not carried out to its end\n"));
        CHECK(contains(child.output(), ", then interrupted\n"));
        CHECK(contains(child.output(), "\ninterrupted: the plan was not carried out to its end; what was done of it "));
        CHECK_FALSE(contains(child.output(), "passed"));
        const json report = json::parse(bytes_of(folder + "/report.json"));
        CHECK(report["interrupted"] == true);
        CHECK(report["passed"] == true);
        CHECK(report["hits"].size() > 0);
        CHECK(report["all"]["not_back"] == 0);
        CHECK(contains(bytes_of(folder + "/report.html"), "</html>"));
        check_junit(folder + "/junit.xml", true);
        std::filesystem::remove_all(folder);
      }
    }
  }

  TEST_CASE("two signals that arrive together are one, and the report is written") {
    const temporary_directory directory;
    const std::string folder = directory.path("out");
    child_program child{{"chaos", "-", "--verbose", "--real-time", "--threads", "2", "--report", folder},
                        {.input = pool_with(endless_plan)}};
    child.wait_for_error(". Restart ");
    child.signal_together(SIGINT, SIGTERM);
    CHECK(child.finish() == 1);
    CHECK(contains(child.errors(), "(SIGINT): no more harm"));
    CHECK(json::parse(bytes_of(folder + "/report.json"))["interrupted"] == true);
  }

  TEST_CASE("a second signal ends it at once, without a report") {
    const temporary_directory directory;
    const std::string folder = directory.path("out");
    // It does not come to rest by itself.
    child_program child{{"chaos", "-", "--load", required_variable("COPPICE_TEST_WORKERS"), "--verbose", "--real-time",
                         "--report", folder},
                        {.input = R"({"id": "root", "max_restarts": 100000, "children": [
                            {"id": "a", "start": "stubborn"}, {"id": "c", "start": "calc"}],
                            "chaos": {"duration_ms": 86400000, "faults": [{"victims": "root/c", "per_second": 100}]}})"}};
    child.wait_for_error(". Restart ");
    child.signal(SIGINT);
    child.wait_for_error("no more harm; the tree grows back, and is shut down; it has 30 s to come to rest");
    child.wait_for_error("coppice: waiting for the tree to come to rest: root/a is busy");
    CHECK(child.finish_by(SIGTERM) == 143);
    CHECK(contains(child.errors(), "coppice: SIGTERM again: ending at once, without a report\n"));
    CHECK(child.output() == "");
    CHECK_FALSE(std::filesystem::exists(folder + "/report.json"));
  }
}

TEST_SUITE("coppice chaos --sweep") {
  TEST_CASE("a tree that stands every hit has status 0, and its points and runs are told") {
    const auto done = chaos(pool, {"--sweep", "--seed", "1"});
    CHECK(done.status == 0);
    CHECK(done.errors == "");
    CHECK(done.output ==
          "standard input: 24 points of 4 processes, 5 ways: 100 runs, 0 failed; the root was lost in 39\n");
  }

  TEST_CASE("a script makes more points, and victims and ways fewer") {
    const temporary_directory directory;
    const std::string script =
        directory.write("script.json", R"([{"do": "send", "target": "root/c-1", "message": {"add": 1}},
        {"do": "view", "target": "root/c-1"}])");
    const auto done =
        chaos(pool, {"--sweep", "--seed", "1", "--script", script, "--victims", "root/c-1", "--way", "kill"});
    CHECK(done.status == 0);
    // Its init, two handlers.
    CHECK(done.output == "standard input: 6 points of 1 process, kill: 6 runs, 0 failed; the root was lost in 2\n");
  }

  TEST_CASE("--expect asks for answers at the end of each run; a wrong one is told with the command that shows it") {
    const temporary_directory directory;
    const std::string tree = directory.write("tree.json", pool);
    const std::string script = directory.write("script.json", R"([
        {"do": "send", "target": "root/c-1", "message": {"add": 5}}])");
    const std::string expect = directory.write("expect.json", R"([
        {"call": "root/c-1", "message": "view", "equals": 5}])");
    const words arguments{"chaos", tree, "--sweep", "--seed", "1", "--script", script, "--expect", expect, "--victims"};
    const auto of = [&arguments](const char* victims) {
      words all = arguments;
      all.emplace_back(victims);
      return command_tests::run(all);
    };
    const auto others = of("root/c-2");
    CHECK(others.status == 0);
    CHECK(contains(others.output, ", 0 failed"));

    const auto own = of("root/c-1");
    CHECK(own.status == 1);
    const std::string wrong = R"(root/c-1: expectation: root/c-1 answers "view" with 0.0; expected 5)";
    CHECK(contains(own.output, "root/c-1 handler_ends calc_sample::messages::add, kill:\n    " + wrong));
    const std::string first = own.output.substr(0, own.output.find('\n', own.output.find("to see it again: ")));
    const auto again = command_tests::run(replay_in(first + "\n"));
    CHECK(again.status == 1);
    CHECK(contains(again.output, wrong));
    CHECK(contains(again.output, ": 1 run, 1 failed"));
  }

  TEST_CASE("a hit that breaks an invariant is told with its point, and the command shows that point alone") {
    const temporary_directory directory;
    const std::string tree = directory.write(
        "tree.json", R"({"id": "root", "max_restarts": 9, "children": [{"id": "a", "start": "employer"}]})");
    const words arguments{"chaos", tree, "--load", required_variable("COPPICE_TEST_WORKERS"), "--sweep"};
    words seeded = arguments;
    seeded.insert(seeded.end(), {"--seed", "3"});
    const auto done = command_tests::run(seeded);
    CHECK(done.status == 1);
    CHECK(done.output.starts_with(tree + ": "));
    CHECK(contains(done.output, ", 5 ways: "));
    CHECK(contains(done.output, ", root/a terminate_begins, kill:\n    "));
    CHECK(contains(done.output, "nothing unaccounted in the process table: "));
    const std::string first = done.output.substr(0, done.output.find('\n', done.output.find("to see it again: ")));
    auto replay = replay_in(first + "\n");
    const auto again = command_tests::run(replay);
    CHECK(again.status == 1);
    CHECK(contains(again.output, R"({"event":"done"})"));
    CHECK(contains(again.output, ": 1 run, 1 failed"));
    CHECK(contains(again.output, "nothing unaccounted in the process table: "));
    CHECK(again.output == command_tests::run(replay).output);
    const std::string junit = directory.path("junit.xml");
    seeded.insert(seeded.end(), {"--junit", junit});
    CHECK(command_tests::run(seeded).status == 1);
    check_junit(junit, false);
  }

  TEST_CASE("what is wrong before anything is hit is told as such, with status 1, and in the JUnit file") {
    const temporary_directory directory;
    const std::string junit = directory.write("junit.xml", "an older one");
    const auto done =
        chaos(R"({"id": "root", "children": [{"id": "a", "start": "stubborn"}]})",
              {"--sweep", "--seed", "1", "--load", required_variable("COPPICE_TEST_WORKERS"), "--junit", junit});
    CHECK(done.status == 1);
    CHECK(done.output == "");
    check_junit(junit, false);
    CHECK(done.errors.starts_with("standard input: with seed 1 something is wrong before anything is hit:\n    "));
    CHECK(contains(done.errors, "\n    to see it: coppice chaos - --load="));
  }

  TEST_CASE("a signal ends it, and what was done is told; what was not done has not passed in the JUnit file") {
    const temporary_directory directory;
    const std::string junit = directory.path("junit.xml");
    child_program child{{"chaos", "-", "--sweep", "--seed", "1", "--verbose", "--junit", junit},
                        {.input = R"({"id": "root", "max_restarts": 9, "children": [
                            {"id": "c", "start": "calc", "count": 500}]})"}};
    child.wait_for_error("injected");
    child.signal(SIGINT);
    CHECK(child.finish() == 1);
    CHECK(contains(child.output(), " (interrupted), 0 failed"));
    check_junit(junit, true);
    CHECK(contains(bytes_of(junit), R"(<testcase classname="sweep" name="root/c-500">
      <skipped message="the sweep was interrupted: 0 of )"));
  }
}
