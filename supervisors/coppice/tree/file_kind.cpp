#include <coppice/tree/file_kind.hpp>

namespace coppice::detail {

std::string_view special_kind(mode_t mode) noexcept {
  if (S_ISREG(mode)) return "";
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a fifo";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISCHR(mode)) return "a character device";
  if (S_ISBLK(mode)) return "a block device";
  return "something else";
}

}  // namespace coppice::detail
