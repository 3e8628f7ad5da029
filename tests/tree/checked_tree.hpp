#pragma once

#include <string>
#include <string_view>

#include <doctest/doctest.h>

#include <coppice/tree/fault.hpp>
#include <coppice/tree/json_reader.hpp>
#include <coppice/tree/tree_checker.hpp>

#include "fake_catalogue.hpp"

namespace coppice::tests {

/// The tree that a text says; the test fails if it says none.
inline supervisor_spec checked_tree(std::string_view text) {
  fault_list faults{"test.json"};
  auto const json = read_json(text, "a tree", faults);
  REQUIRE_MESSAGE(json.has_value(), faults.text());
  auto tree = check_tree(*json, fake_catalogue{}, faults);
  REQUIRE_MESSAGE(tree.has_value(), faults.text());
  return std::move(*tree);
}

/// What is wrong with a text, as the user sees it; empty if nothing is.
inline std::string faults_of_tree(std::string_view text) {
  fault_list faults{"test.json"};
  if (auto const json = read_json(text, "a tree", faults)) check_tree(*json, fake_catalogue{}, faults);
  faults.sort_by_offset();
  return faults.text();
}

}  // namespace coppice::tests
