#include <algorithm>

#include <coppice/command/checked_tree.hpp>
#include <coppice/command/complaint.hpp>
#include <coppice/tree/quoted_text.hpp>
#include <coppice/tree/tree_file.hpp>

namespace coppice::command {

std::optional<supervisor_spec> read_tree(const std::string& path, const worker_registry& workers,
                                         const std::vector<std::string>& libraries) {
  auto file = read_whole_tree(path, workers, libraries);
  return file ? std::move(file->root) : std::nullopt;
}

std::optional<tree_file> read_whole_tree(const std::string& path, const worker_registry& workers,
                                         const std::vector<std::string>& libraries) {
  tree_file file = read_tree_file(path, workers);
  if (file.root) return file;
  std::string lines = file.faults.text();
  const auto& faults = file.faults.faults();
  const bool lacks_worker = std::any_of(faults.begin(), faults.end(), [](const fault& each) {
    return each.place.ends_with("/start") && each.message.starts_with("nothing is registered") &&
           each.message.find("did you mean") == std::string::npos;
  });
  if (lacks_worker && libraries.empty()) {
    lines += "coppice: workers of your own come out of shared libraries: --load LIBRARY. See coppice run --help.\n";
  }
  complain_lines(lines);
  return std::nullopt;
}

std::string shown_name(const std::string& path) {
  return path == "-" ? "standard input" : detail::printable(path);
}

}  // namespace coppice::command
