#pragma once

#include <string_view>

namespace coppice::detail {

/// Whether it is an exit reason as scripts and traces write one: an atom of letters, digits and `_ @ . : -`, or a tuple
/// `{a,b}` of such reasons, without blanks and quotes. Tuples may be nested 16 deep.
bool is_reason(std::string_view text);

}  // namespace coppice::detail
