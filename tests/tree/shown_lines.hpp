#pragma once

#include <string>
#include <vector>

#include <doctest/doctest.h>

/// A failed comparison of lists of lines shows them.
template <>
struct doctest::StringMaker<std::vector<std::string>> {
  static String convert(const std::vector<std::string>& lines) {
    std::string all;
    for (const auto& each : lines) all += "\n    " + each;
    return all.c_str();
  }
};
