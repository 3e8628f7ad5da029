#include "fake_catalogue.hpp"

#include <nlohmann/json.hpp>

namespace coppice::tests {

std::vector<std::string_view> fake_catalogue::names() const {
  return {"cache", "calc"};
}

bool fake_catalogue::knows(std::string_view name) const {
  return name == "cache" || name == "calc";
}

std::any fake_catalogue::read_args(std::string_view worker, nlohmann::json const& args,
                                   std::vector<arg_fault>& faults) const {
  if (worker != "calc") return {};
  if (!args.is_object()) {
    faults.push_back({"", "expected an object such as {\"initial\": 0}; got " + args.dump() + "."});
    return {};
  }
  for (auto const& [key, value] : args.items()) {
    if (key != "initial") {
      faults.push_back({"", "unknown key \"" + key + "\". Known: initial."});
    } else if (!value.is_number()) {
      faults.push_back({"/initial", "expected a number; got " + value.dump() + ". Leave it out for 0."});
    }
  }
  return {};
}

}  // namespace coppice::tests
