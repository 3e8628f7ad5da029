#pragma once

#include <cstddef>
#include <string>

#include <coppice/chaos/chaos_figures.hpp>
#include <coppice/chaos/chaos_verdict.hpp>

namespace coppice {

struct chaos_table_options {
  bool colour = false;          ///< ANSI colours, for a terminal.
  std::size_t all_rows = 40;    ///< Up to so many children, each has its row, in the order of the tree.
  std::size_t worst_rows = 20;  ///< Beyond: so many workers and as many supervisors, the worst of each.
  std::size_t violations = 20;  ///< So many of each broken limit, and of each broken invariant, are told one by one.
  std::size_t path_width = 48;  ///< A longer path is cut in its middle.
};

/// What a run has done, for people: a row for each child, one for all, and what is broken. Lines with their line feeds.
///
/// Columns for which nobody has anything but 0 (not back, calls, lost, failed starts) are left out. Bytes that a
/// terminal would obey are shown as escapes.
std::string chaos_table(const chaos_record& record, const chaos_figures& figures, const chaos_verdict& verdict,
                        const chaos_table_options& options = {});

/// `root/a: recovery_p99_ms: the 99th percentile ...`, on one line, whatever is in it.
std::string to_string(const chaos_violation& violation);

}  // namespace coppice
