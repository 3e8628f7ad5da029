#pragma once

#include <string>

namespace coppice::detail {

/// What is wrong with a file that is to be loaded as a shared library, as far as the system's loader would wait for
/// ever (a fifo) or crash (a file that was cut off) instead of saying it. Empty: nothing; the loader looks at the rest.
std::string library_file_fault(const std::string& path);

}  // namespace coppice::detail
