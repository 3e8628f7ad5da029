#pragma once

#include <string>
#include <vector>

#include <coppice/chaos/chaos_figures.hpp>
#include <coppice/chaos/chaos_verdict.hpp>
#include <coppice/tree/chaos_plan.hpp>

namespace coppice {

/// The run as a JUnit file, for CI: one suite with a test case for each limit that is set, for each invariant that was
/// checked, and for `the tree grew back`, which fails if anybody is still missed at the end of the record. Each warning
/// is one more that is skipped, with its text. Failures tell what, where, the seed and the command that replays it. If
/// the run was interrupted, what has not failed is skipped: nobody takes it for one that has passed.
///
/// `invariants` names those that were checked; a broken one that it does not name has its test case all the same.
/// Well-formed whatever the texts are: what XML 1.0 does not allow becomes U+FFFD.
std::string junit_file(const chaos_record& record, const chaos_figures& figures, const chaos_limits& limits,
                       const chaos_verdict& verdict, const std::vector<std::string>& invariants);

}  // namespace coppice
