#include <regex>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <coppice/chaos/chaos_page.hpp>
#include <coppice/chaos/page_overview.hpp>
#include <coppice/tree/chaos_plan.hpp>

#include "chaos/made_record.hpp"

using namespace chaos_tests;  // NOLINT(google-build-using-namespace)
using namespace std::chrono_literals;
using namespace coppice;  // NOLINT(google-build-using-namespace)

namespace {

std::string page_of(const chaos_record& record, const chaos_verdict& verdict = {}) {
  return chaos_page(record, compute_figures(record), verdict);
}

std::size_t count_of(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

std::string data_of(const std::string& page) {
  const std::string mark = "id=\"data\">";
  const std::size_t begin = page.find(mark) + mark.size();
  return page.substr(begin, page.find("</script>", begin) - begin);
}

// One of each way of hitting that a plan knows.
template <std::size_t... Is>
std::vector<std::string> every_way(std::index_sequence<Is...> /*alternatives*/) {
  return {to_string(chaos_harm{std::in_place_index<Is>})...};
}

std::set<std::string> found(const std::string& text, const std::regex& form) {
  std::set<std::string> all;
  for (std::sregex_iterator each{text.begin(), text.end(), form}; each != std::sregex_iterator{}; ++each) {
    all.insert((*each)[1]);
  }
  return all;
}

}  // namespace

TEST_SUITE("chaos_page") {
  TEST_CASE("it asks for nothing from anywhere else") {
    const std::string page = page_of(*small_record());
    CHECK_FALSE(std::regex_search(page, std::regex{R"((src|href)\s*=|@import|url\((?!#)|https?:)"}));
    CHECK(page.find("default-src 'none'") != std::string::npos);
  }

  TEST_CASE("it has the verdict, the seed and the command that replays it") {
    chaos_verdict verdict;
    verdict.replay = "coppice chaos 'a & b.json' --seed 7";
    verdict.broken_limits.push_back({"availability", "root/a", "98.5 %", 1s});
    const std::string page = page_of(*small_record(), verdict);
    CHECK(page.find("<span class=\"verdict\">failed</span>") != std::string::npos);
    CHECK(page.find("Seed <b>7</b>") != std::string::npos);
    CHECK(page.find("coppice chaos &#39;a &amp; b.json&#39; --seed 7") != std::string::npos);
    CHECK(page.find("class=\"worker bad\"><td>root/a</td>") != std::string::npos);
    CHECK(page_of(*small_record()).find("<span class=\"verdict\">passed</span>") != std::string::npos);
  }

  TEST_CASE("a limit that many children break does not hide another") {
    chaos_verdict verdict;
    for (int i = 0; i < 203; ++i) verdict.broken_limits.push_back({"availability", "root/a", "98.5 %", 1s});
    verdict.broken_limits.push_back({"give_ups", "root", "9 gave up", 1s});
    const std::string page = page_of(*small_record(), verdict);
    CHECK(count_of(page, "<li><b>availability</b>") == 200);
    CHECK(page.find("<li>and 3 more of availability; report.json has them all</li>") != std::string::npos);
    CHECK(page.find("<li><b>give_ups</b>") != std::string::npos);
  }

  TEST_CASE("a warning stands in its head") {
    chaos_verdict verdict;
    verdict.warnings = {"nobody <was> hit"};
    const std::string page = page_of(*small_record(), verdict);
    CHECK(page.find("<b>Warning:</b> nobody &lt;was&gt; hit</p>\n</header>") != std::string::npos);
  }

  TEST_CASE("the table stands in it without JavaScript, a row for each child") {
    const std::string page = page_of(*small_record());
    CHECK(count_of(page, "<tr data-path=") == 3);
    CHECK(page.find("<td>all 3</td>") != std::string::npos);
    CHECK(page.find("<svg viewBox=\"0 0 400 90\"") != std::string::npos);
  }

  TEST_CASE("no text can break out of where it stands") {
    const std::string nasty = "</script><script>alert(1)</script><!--";
    made_record made{1000};
    made.record().root = nasty;
    made.hit("root/" + nasty, 100, 1, "crash " + nasty);
    made.life("root/" + nasty, 0, 100, nasty, 0);
    made.record().start_failures.push_back({5ms, "root/" + nasty, exit_reason{nasty}});
    chaos_verdict verdict;
    verdict.broken_invariants.push_back({nasty, nasty, nasty, 0ns});
    verdict.replay = nasty;
    const std::string page = page_of(*made, verdict);
    CHECK(count_of(page, "<script") == 2);
    CHECK(count_of(page, "</script") == 2);
    CHECK(count_of(page, "<!--") == 0);
    CHECK(nlohmann::json::parse(data_of(page))["paths"][0] == "root/" + nasty);
  }

  TEST_CASE("its data has each life, hit and outage") {
    const auto data = nlohmann::json::parse(data_of(page_of(*small_record())));
    CHECK(data["paths"] == nlohmann::json{"root", "root/a", "root/b"});
    CHECK(data["lives"]["begin"] == nlohmann::json{0, 0, 0, 120'000'000, 405'000'000, 406'000'000});
    CHECK(data["lives"]["cause"] == nlohmann::json{-1, 0, 1, 1, -1, -1});
    CHECK(data["lives"]["reason"] == nlohmann::json{-1, 0, 1, 2, -1, -1});
    CHECK(data["hits"]["way"] == nlohmann::json{0, 1});
    CHECK(data["ways"] == nlohmann::json{"kill", "crash boom"});
    CHECK(data["kind_of_way"] == nlohmann::json{0, 1});
    CHECK(data["outages"]["life"].size() == 3);
  }

  TEST_CASE("each way of hitting has a shape and a colour of its own, and in the legend the word of the plan") {
    const auto ways = every_way(std::make_index_sequence<std::variant_size_v<chaos_harm>>{});
    REQUIRE(ways.size() <= 10);
    made_record made{1000};
    made.life("root/a", 0);
    for (const auto& each : ways) made.hit("root/a", 100, 1, each);
    const std::string page = page_of(*made);
    const auto kinds = nlohmann::json::parse(data_of(page))["kind_of_way"];
    CHECK(std::set<int>(kinds.begin(), kinds.end()).size() == ways.size());
    for (const auto& each : kinds) CHECK(each < 10);
    const std::set<std::string> legend =
        found(page, std::regex{"<path class=\"w[0-9]\" d=\"[^\"]*\"/></svg>([a-z_]+) \\(1\\)"});
    CHECK(legend ==
          std::set<std::string>{"kill", "crash", "throw", "exit", "fail_starts", "hang", "slow", "delay", "bad_alloc"});
  }

  TEST_CASE("bytes that are no UTF-8 leave it readable") {
    made_record made{1000};
    made.life("root/a\xFF", 0, 100, "b\xFF");
    const std::string page = page_of(*made);
    CHECK(page.find('\xFF') == std::string::npos);
    CHECK_NOTHROW(nlohmann::json::parse(data_of(page)));
  }

  TEST_CASE("what its script looks for is there") {
    chaos_verdict verdict;
    verdict.replay = "coppice chaos";
    const std::string page = page_of(*small_record(), verdict);
    auto wanted = found(page, std::regex{R"re(by_id\("([a-z]+)"\))re"});
    for (const auto& each : found(page, std::regex{R"re(\["([a-z]+)", [(r])re"})) wanted.insert(each);
    const auto there = found(page, std::regex{R"re(\bid="([a-z]+)")re"});
    CHECK(wanted.contains("fold"));
    for (const auto& each : wanted) CHECK_MESSAGE(there.contains(each), each);
    const auto data = nlohmann::json::parse(data_of(page));
    for (const auto& each : found(page, std::regex{R"(\bdata\.([a-z_]+))"})) CHECK_MESSAGE(data.contains(each), each);
  }

  TEST_CASE("the overview tells how many were in service at least") {
    const auto overview = detail::draw_overview(*small_record());
    CHECK(overview.most_in_service == 3);
    CHECK(overview.least_in_service == 1);
    CHECK(overview.most_hits == 1);
  }

  TEST_CASE("one that hangs is not in service") {
    made_record made{1000};
    made.life("root", 0);
    made.life("root/a", 0).hung = 500ms;
    CHECK(detail::draw_overview(*made).least_in_service == 1);
    made.record().lives[1].hung.reset();
    CHECK(detail::draw_overview(*made).least_in_service == 2);
    made.record().lives[1].pauses = {{500ms, 501ms}};
    CHECK(detail::draw_overview(*made).least_in_service == 1);
  }

  TEST_CASE("a record in which nothing happened makes a page") {
    const chaos_record nothing;
    CHECK(page_of(nothing).ends_with("</html>\n"));
  }
}
