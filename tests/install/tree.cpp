#include "tree.hpp"

#include <cstdio>
#include <string_view>
#include <vector>

#include <coppice/tree/tree_file.hpp>
#include <coppice/tree/worker_catalogue.hpp>

namespace {

class no_workers : public coppice::worker_catalogue {
 public:
  std::vector<std::string_view> names() const override { return {}; }
  bool knows(std::string_view) const override { return false; }
  std::any read_args(std::string_view, const nlohmann::json&, std::vector<coppice::arg_fault>&) const override {
    return {};
  }
};

}  // namespace

void show_faults_of_missing_tree() {
  const auto read = coppice::read_tree_file("no_such_tree.json", no_workers{});
  std::printf("%s\n", read.root ? "a tree" : "no tree");
}
