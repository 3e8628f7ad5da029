#pragma once

#include <cstdint>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

/// What the schemas of tree files and chaos plans are put together from.
namespace coppice::detail {

/// `{"$ref": "#/definitions/NAME"}`
nlohmann::ordered_json reference(std::string_view name);

nlohmann::ordered_json whole_number(std::string_view title, std::string_view description, std::uint64_t least,
                                    std::uint64_t most);

/// A number that may have a fraction.
nlohmann::ordered_json number(std::string_view title, std::string_view description, double least, double most);

nlohmann::ordered_json with_default(nlohmann::ordered_json schema, nlohmann::ordered_json value);

/// The `cost` of a child.
nlohmann::ordered_json cost();

}  // namespace coppice::detail
