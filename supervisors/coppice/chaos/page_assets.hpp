#pragma once

// Private to supervisors/coppice.

#include <string_view>

namespace coppice::detail {

/// page/page.css, page/page.js and page/timeline.html, of which the build makes a source.
extern const std::string_view page_css;
extern const std::string_view page_js;
extern const std::string_view page_timeline;

}  // namespace coppice::detail
