#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/tree_graph.hpp>
#include <coppice/tree/tree_spec.hpp>

namespace coppice {

namespace {

constexpr std::uint32_t most_single_replicas = 8;
// A run of more workers is a table; of a tree that would have too many ellipses all in all, already a shorter one.
constexpr std::size_t longest_run = 12;
constexpr std::size_t longest_run_of_many = 3;
constexpr std::size_t most_ellipses = 40;
constexpr std::size_t most_columns = 10;

// A DOT string: quotes and backslashes escaped. `\n` between the lines of a label is added afterwards.
std::string escaped(std::string_view text) {
  std::string result;
  for (char const c : detail::printable(text)) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

// Text of an HTML-like label.
std::string html(std::string_view text) {
  std::string result;
  for (char const c : detail::printable(text)) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      default: result += c;
    }
  }
  return result;
}

std::string_view edge_style(restart_type restart) {
  switch (restart) {
    case restart_type::permanent: return "solid";
    case restart_type::transient: return "dashed";
    case restart_type::temporary: return "dotted";
  }
  return "solid";
}

// One worker as it is drawn: a process, or many replicas in one.
struct drawn_worker {
  worker_spec const* spec;
  std::string id;  ///< `calc`, `calc-2`, or `calc-1 … calc-100`.
  bool folded;

  std::string runs() const {
    return folded ? fmt::format("{} × {}", spec->start, detail::grouped(*spec->count)) : spec->start;
  }
};

void add_processes(worker_spec const& worker, std::vector<drawn_worker>& run) {
  if (worker.processes() > most_single_replicas) {
    run.push_back({&worker, fmt::format("{} … {}", worker.replica_id(1), worker.replica_id(*worker.count)), true});
    return;
  }
  for (std::uint32_t number = 1; number <= worker.processes(); ++number) {
    run.push_back({&worker, worker.replica_id(number), false});
  }
}

// What stands under a supervisor: a supervisor, or workers that follow each other.
struct drawn_child {
  supervisor_spec const* supervisor;
  std::vector<drawn_worker> run;
};

std::vector<drawn_child> children_of(supervisor_spec const& one) {
  std::vector<drawn_child> result;
  for (tree_child const& child : one.children) {
    if (auto const* inner = child.if_supervisor()) {
      result.push_back({inner, {}});
      continue;
    }
    if (result.empty() || result.back().supervisor != nullptr) result.push_back({nullptr, {}});
    add_processes(*child.if_worker(), result.back().run);
  }
  return result;
}

// The ellipses of a tree whose longer runs are tables.
std::size_t ellipses_of(supervisor_spec const& one) {
  std::size_t number = 0;
  for (drawn_child const& child : children_of(one)) {
    if (child.supervisor != nullptr) {
      number += ellipses_of(*child.supervisor);
    } else if (child.run.size() <= longest_run) {
      number += child.run.size();
    }
  }
  return number;
}

class drawer {
 public:
  std::string draw(supervisor_spec const& root) {
    if (ellipses_of(root) > most_ellipses) longest_run_ = longest_run_of_many;
    dot_ =
        "digraph tree {\n"
        "  graph [rankdir=LR, ordering=out, nodesep=0.15, ranksep=0.6, fontname=\"Helvetica\"];\n"
        "  node [fontname=\"Helvetica\", fontsize=11];\n"
        "  edge [arrowsize=0.6];\n";
    draw_supervisor(root);
    return dot_ + "}\n";
  }

 private:
  std::string draw_supervisor(supervisor_spec const& one) {
    std::string node = next_node();
    std::string label = fmt::format("{}\\n{}\\n{} {} in {} s", escaped(one.id), to_string(one.strategy),
                                    detail::grouped(one.max_restarts), one.max_restarts == 1 ? "restart" : "restarts",
                                    detail::grouped(static_cast<std::uint64_t>(one.max_seconds.count())));
    if (one.auto_shutdown != auto_shutdown::never) label += fmt::format("\\n{}", to_string(one.auto_shutdown));
    dot_ += fmt::format("  {} [shape=box, style=\"{}\", fillcolor=\"#e8f0e8\", label=\"{}\"];\n", node,
                        one.significant ? "filled,bold" : "filled", label);
    for (drawn_child const& child : children_of(one)) {
      if (child.supervisor != nullptr) {
        draw_edge(node, draw_supervisor(*child.supervisor), child.supervisor->restart);
      } else {
        draw_workers(node, child.run);
      }
    }
    return node;
  }

  void draw_workers(std::string const& supervisor, std::vector<drawn_worker> const& run) {
    if (run.size() > longest_run_) {
      draw_table(supervisor, run);
      return;
    }
    for (drawn_worker const& one : run) {
      std::string const node = next_node();
      dot_ += fmt::format("  {} [shape=ellipse{}{}, label=\"{}\\n{}\"];\n", node, one.folded ? ", peripheries=2" : "",
                          one.spec->significant ? ", style=bold" : "", escaped(one.id), escaped(one.runs()));
      draw_edge(supervisor, node, one.spec->restart);
    }
  }

  void draw_table(std::string const& supervisor, std::vector<drawn_worker> const& run) {
    std::string const node = next_node();
    dot_ += fmt::format(
        "  {} [shape=plain, label=<<table border=\"1\" cellborder=\"1\" cellspacing=\"4\" style=\"rounded\">\n", node);
    std::size_t const rows = (run.size() + most_columns - 1) / most_columns;
    std::size_t const columns = (run.size() + rows - 1) / rows;
    for (std::size_t i = 0; i < run.size(); ++i) {
      if (i % columns == 0) dot_ += "    <tr>";
      drawn_worker const& one = run[i];
      std::string_view const restart =
          one.spec->restart == restart_type::permanent ? std::string_view{} : to_string(one.spec->restart);
      dot_ +=
          fmt::format("<td style=\"rounded\">{}{}{}<br/>{}{}{}</td>", one.spec->significant ? "<b>" : "", html(one.id),
                      one.spec->significant ? "</b>" : "", html(one.runs()), restart.empty() ? "" : "<br/>", restart);
      if (i % columns == columns - 1 || i + 1 == run.size()) dot_ += "</tr>\n";
    }
    dot_ += "  </table>>];\n";
    draw_edge(supervisor, node, restart_type::permanent);
  }

  void draw_edge(std::string const& from, std::string const& to, restart_type restart) {
    dot_ += fmt::format("  {} -> {} [style={}];\n", from, to, edge_style(restart));
  }

  std::string next_node() { return fmt::format("n{}", nodes_++); }

  std::string dot_;
  std::size_t nodes_ = 0;
  std::size_t longest_run_ = longest_run;
};

}  // namespace

std::string tree_graph(supervisor_spec const& root) {
  return drawer{}.draw(root);
}

}  // namespace coppice
