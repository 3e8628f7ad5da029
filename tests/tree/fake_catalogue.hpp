#pragma once

#include <coppice/tree/worker_catalogue.hpp>

namespace coppice::tests {

/// A program that offers `calc`, with `{"initial": NUMBER}`, and `cache`, which takes any args.
class fake_catalogue : public worker_catalogue {
 public:
  std::vector<std::string_view> names() const override;
  bool knows(std::string_view name) const override;
  std::any read_args(std::string_view worker, nlohmann::json const& args,
                     std::vector<arg_fault>& faults) const override;
};

}  // namespace coppice::tests
