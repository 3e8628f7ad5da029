#pragma once

// Private to supervisors/coppice.

#include <string>
#include <string_view>

namespace coppice::detail {

/// `text` for XML and HTML, between tags and in quoted attributes. What XML 1.0 has no way to write (most control
/// characters, U+FFFE and U+FFFF, bytes that are no UTF-8) becomes U+FFFD; line feeds and tabs stay.
std::string escape_markup(std::string_view text);

/// JSON for a `<script>` element: no `<`, `>`, `&`, U+2028 or U+2029 is left in it, but as `\u003c`. They can only
/// stand in strings there, where that means the same.
std::string escape_script(std::string_view json);

}  // namespace coppice::detail
