#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace coppice::command {

/// Throws `usage_fault` if the file that `option` of `command` is about to write is one of those that are read: nobody
/// wants a tree replaced by its trace. `-` among the latter is standard input, which may be a file as well.
void refuse_to_overwrite(std::string_view command, std::string_view option, const std::string& written,
                         const std::vector<std::string>& read);

}  // namespace coppice::command
