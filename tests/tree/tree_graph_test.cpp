#include <cstdio>
#include <string>

#include <doctest/doctest.h>

#include <coppice/tree/graphviz.hpp>
#include <coppice/tree/tree_graph.hpp>

#include "checked_tree.hpp"
#include "temporary_directory.hpp"

using namespace coppice;
using namespace coppice::tests;

namespace {

bool contains(std::string const& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

std::size_t times(std::string const& text, std::string_view part) {
  std::size_t number = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++number;
  return number;
}

}  // namespace

TEST_SUITE("tree graph") {
  TEST_CASE("supervisors are boxes with strategy and budget, workers ellipses with what they run") {
    std::string const dot =
        tree_graph(checked_tree(R"({"id": "root", "strategy": "one_for_all", "max_restarts": 3, "children": [
      {"id": "a", "start": "calc"}, {"id": "s", "type": "supervisor", "restart": "transient", "children": [
        {"id": "b", "start": "cache", "restart": "temporary"}]}]})"));
    CHECK(dot.starts_with("digraph tree {\n"));
    CHECK(contains(
        dot,
        "n0 [shape=box, style=\"filled\", fillcolor=\"#e8f0e8\", label=\"root\\none_for_all\\n3 restarts in 5 s\"];"));
    CHECK(contains(dot, "n1 [shape=ellipse, label=\"a\\ncalc\"];"));
    CHECK(contains(dot, "label=\"s\\none_for_one\\n1 restart in 5 s\""));
    CHECK(contains(dot, "n0 -> n1 [style=solid];"));
    CHECK(contains(dot, "n0 -> n2 [style=dashed];"));
    CHECK(contains(dot, "n2 -> n3 [style=dotted];"));
  }

  TEST_CASE("a few replicas are drawn one by one, many as one node") {
    std::string const few =
        tree_graph(checked_tree(R"({"id": "root", "children": [{"id": "calc", "start": "calc", "count": 8}]})"));
    CHECK(times(few, "shape=ellipse") == 8);
    CHECK(contains(few, "label=\"calc-8\\ncalc\""));
    std::string const many =
        tree_graph(checked_tree(R"({"id": "root", "children": [{"id": "calc", "start": "calc", "count": 10000}]})"));
    CHECK(times(many, "shape=ellipse") == 1);
    CHECK(contains(many, "label=\"calc-1 … calc-10000\\ncalc × 10,000\""));
  }

  TEST_CASE("a hundred workers are drawn as a table, each by its id") {
    std::string children;
    for (int i = 0; i < 100; ++i)
      children += (i == 0 ? "" : ",") + std::string{"{\"id\": \"w"} + std::to_string(i) + "\", \"start\": \"calc\"}";
    std::string const dot = tree_graph(checked_tree("{\"id\": \"root\", \"children\": [" + children + "]}"));
    CHECK(times(dot, "<tr>") == 10);
    CHECK(times(dot, "<td ") == 100);
    CHECK(contains(dot, ">w0<br/>calc</td>"));
    CHECK(contains(dot, ">w99<br/>calc</td>"));
  }

  TEST_CASE("the rows of a table are of one length, as far as may be") {
    std::string const dot =
        tree_graph(checked_tree(R"({"id": "root", "children": [{"id": "a", "start": "calc", "count": 8},
            {"id": "b", "start": "calc", "count": 6}]})"));
    CHECK(times(dot, "<tr>") == 2);
    CHECK(contains(dot, ">a-7<br/>calc</td></tr>"));
    CHECK(contains(dot, ">b-6<br/>calc</td></tr>"));
  }

  TEST_CASE("in a tree of many groups even small ones are tables") {
    auto const groups = [](int number) {
      std::string children;
      for (int i = 0; i < number; ++i) {
        children += (i == 0 ? "" : ",") + std::string{"{\"id\": \"s"} + std::to_string(i) +
                    R"(", "type": "supervisor", "children": [{"id": "w", "start": "calc", "count": 4},
                        {"id": "t", "type": "supervisor", "children": [{"id": "a", "start": "calc"}]}]})";
      }
      return tree_graph(checked_tree("{\"id\": \"root\", \"children\": [" + children + "]}"));
    };
    std::string const few = groups(8);
    CHECK(times(few, "shape=ellipse") == 40);
    CHECK(times(few, "<table") == 0);
    std::string const many = groups(9);
    CHECK(times(many, "shape=ellipse") == 9);
    CHECK(times(many, "<table") == 9);
  }

  TEST_CASE("a long table leaves the ellipses beside it as they are") {
    std::string children;
    for (int i = 0; i < 100; ++i) children += "{\"id\": \"w" + std::to_string(i) + "\", \"start\": \"calc\"},";
    std::string const dot = tree_graph(checked_tree("{\"id\": \"root\", \"children\": [" + children +
                                                    R"({"id": "s", "type": "supervisor", "children": [
        {"id": "a", "start": "calc", "count": 4}]}]})"));
    CHECK(times(dot, "<table") == 1);
    CHECK(times(dot, "shape=ellipse") == 4);
  }

  TEST_CASE("a table says which workers are transient, temporary and significant") {
    std::string const dot = tree_graph(checked_tree(R"({"id": "root", "auto_shutdown": "any_significant", "children": [
        {"id": "a", "start": "calc", "count": 8},
        {"id": "b", "start": "calc", "restart": "transient", "significant": true},
        {"id": "c", "start": "calc", "restart": "temporary", "count": 4}]})"));
    CHECK(contains(dot, "><b>b</b><br/>calc<br/>transient</td>"));
    CHECK(contains(dot, ">c-4<br/>calc<br/>temporary</td>"));
    CHECK(contains(dot, ">a-1<br/>calc</td>"));
  }

  TEST_CASE("what a worker is called cannot break the drawing") {
    supervisor_spec root;
    root.id = "root";
    worker_spec strange;
    strange.id = "a";
    strange.start = "\"];\n<b>&\\";
    root.children.push_back({strange});
    CHECK(contains(tree_graph(root), "label=\"a\\n\\\"];\\\\u000a<b>&\\\\\"];"));
    for (int i = 0; i < 12; ++i) root.children.push_back({strange});
    CHECK(contains(tree_graph(root), "a<br/>&quot;];\\u000a&lt;b&gt;&amp;\\</td>"));
  }
}

TEST_SUITE("graphviz") {
  TEST_CASE("a program that is missing is said clearly") {
    auto const answer = svg_from_dot("digraph {}", "/nonexistent/dot");
    CHECK_FALSE(answer.svg.has_value());
    CHECK(answer.error ==
          "an SVG needs Graphviz, and its program \"/nonexistent/dot\" is not there. Install it (Debian: apt install "
          "graphviz), or take "
          "the DOT text with --format dot.");
  }

  TEST_CASE("a program that fails is said with its own words") {
    temporary_directory const directory;
    std::string const script = directory.write("dot", "#!/bin/sh\necho 'no way' >&2\nexit 3\n");
    std::filesystem::permissions(script, std::filesystem::perms{0755});
    auto const answer = svg_from_dot("digraph {}", script);
    CHECK_FALSE(answer.svg.has_value());
    CHECK(answer.error.ends_with(" ended with status 3: no way"));
  }

  TEST_CASE("the text goes in by standard input, the drawing comes out by standard output") {
    temporary_directory const directory;
    std::string const script = directory.write("dot", "#!/bin/sh\necho \"$1\"\nexec cat\n");
    std::filesystem::permissions(script, std::filesystem::perms{0755});
    // Larger than any pipe: nothing may wait for the other end.
    std::string const text(1'000'000, 'x');
    auto const answer = svg_from_dot(text, script);
    REQUIRE(answer.svg.has_value());
    CHECK(*answer.svg == "-Tsvg\n" + text);
  }

  TEST_CASE("where Graphviz is installed a tree becomes an SVG with every id in it") {
    auto const tree = checked_tree(
        R"({"id": "root", "children": [{"id": "calc", "start": "calc", "count": 100}, {"id": "a", "start": "cache"}]})");
    auto const answer = svg_from_dot(tree_graph(tree));
    if (!answer.svg && contains(answer.error, "is not there")) {
      MESSAGE("skipped: Graphviz is not installed");
      return;
    }
    REQUIRE_MESSAGE(answer.svg.has_value(), answer.error);
    CHECK(contains(*answer.svg, "<svg "));
    CHECK(contains(*answer.svg, ">root<"));
    CHECK(contains(*answer.svg, ">calc × 100<"));
    CHECK(contains(*answer.svg, ">a<"));
  }
}
