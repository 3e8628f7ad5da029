#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace coppice {

struct chaos_victims;
struct supervisor_spec;
struct worker_spec;

}  // namespace coppice

/// Which paths a tree has, without starting it: what patterns are checked against.
namespace coppice::detail {

/// Calls `visit` once for each entry of the tree (the replicas of a worker are one) of which a process is among the
/// victims, with the path of the first such process; in start order, until it returns false. The worker is null for a
/// supervisor.
void visit_victims(const supervisor_spec& root, const chaos_victims& victims,
                   const std::function<bool(const std::string& path, const worker_spec* worker)>& visit);

/// The path of the first of them; empty if the tree has none.
std::optional<std::string> first_victim(const supervisor_spec& root, const chaos_victims& victims);

/// `There are: root, root/store, root/pool/calc-1 to root/pool/calc-100.` The first ten.
std::string paths_told(const supervisor_spec& root);

/// The pattern that was probably meant by one that matches nothing; empty if none is near.
std::optional<std::string> pattern_meant(const supervisor_spec& root, std::string_view pattern);

}  // namespace coppice::detail
