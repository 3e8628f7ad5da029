#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/tree_graph.hpp>
#include <coppice/tree/tree_spec.hpp>

namespace coppice {

namespace {

constexpr std::uint32_t most_single_replicas = 8;
constexpr std::size_t most_single_workers = 12;
constexpr std::size_t table_columns = 10;

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

class drawer {
 public:
  std::string draw(supervisor_spec const& root) {
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
    std::string const node = next_node();
    std::string label = fmt::format("{}\\n{}\\n{} {} in {} s", escaped(one.id), to_string(one.strategy),
                                    detail::grouped(one.max_restarts), one.max_restarts == 1 ? "restart" : "restarts",
                                    detail::grouped(static_cast<std::uint64_t>(one.max_seconds.count())));
    if (one.auto_shutdown != auto_shutdown::never) label += fmt::format("\\n{}", to_string(one.auto_shutdown));
    dot_ += fmt::format("  {} [shape=box, style=\"{}\", fillcolor=\"#e8f0e8\", label=\"{}\"];\n", node,
                        one.significant ? "filled,bold" : "filled", label);
    std::vector<drawn_worker> run;
    for (tree_child const& child : one.children) {
      if (auto const* worker = child.if_worker()) {
        add_processes(*worker, run);
        continue;
      }
      draw_workers(node, run);
      supervisor_spec const& inner = *child.if_supervisor();
      draw_edge(node, draw_supervisor(inner), inner.restart);
    }
    draw_workers(node, run);
    return node;
  }

  static void add_processes(worker_spec const& worker, std::vector<drawn_worker>& run) {
    if (worker.processes() > most_single_replicas) {
      run.push_back({&worker, fmt::format("{} … {}", worker.replica_id(1), worker.replica_id(*worker.count)), true});
      return;
    }
    for (std::uint32_t number = 1; number <= worker.processes(); ++number) {
      run.push_back({&worker, worker.replica_id(number), false});
    }
  }

  // Draws the workers that follow each other, and forgets them.
  void draw_workers(std::string const& supervisor, std::vector<drawn_worker>& run) {
    if (run.size() > most_single_workers) {
      draw_table(supervisor, run);
    } else {
      for (drawn_worker const& one : run) {
        std::string const node = next_node();
        dot_ += fmt::format("  {} [shape=ellipse{}{}, label=\"{}\\n{}\"];\n", node, one.folded ? ", peripheries=2" : "",
                            one.spec->significant ? ", style=bold" : "", escaped(one.id), escaped(one.runs()));
        draw_edge(supervisor, node, one.spec->restart);
      }
    }
    run.clear();
  }

  void draw_table(std::string const& supervisor, std::vector<drawn_worker> const& run) {
    std::string const node = next_node();
    dot_ += fmt::format(
        "  {} [shape=plain, label=<<table border=\"1\" cellborder=\"1\" cellspacing=\"4\" style=\"rounded\">\n", node);
    for (std::size_t i = 0; i < run.size(); ++i) {
      if (i % table_columns == 0) dot_ += "    <tr>";
      drawn_worker const& one = run[i];
      std::string_view const restart =
          one.spec->restart == restart_type::permanent ? std::string_view{} : to_string(one.spec->restart);
      dot_ +=
          fmt::format("<td style=\"rounded\">{}{}{}<br/>{}{}{}</td>", one.spec->significant ? "<b>" : "", html(one.id),
                      one.spec->significant ? "</b>" : "", html(one.runs()), restart.empty() ? "" : "<br/>", restart);
      if (i % table_columns == table_columns - 1 || i + 1 == run.size()) dot_ += "</tr>\n";
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
};

}  // namespace

std::string tree_graph(supervisor_spec const& root) {
  return drawer{}.draw(root);
}

}  // namespace coppice
