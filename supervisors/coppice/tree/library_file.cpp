#include <cstdint>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <coppice/tree/descriptor.hpp>
#include <coppice/tree/file_kind.hpp>
#include <coppice/tree/library_file.hpp>
#include <coppice/tree/quoted_text.hpp>

namespace coppice::detail {

namespace {

bool read_at(int file, std::uint64_t offset, void* into, std::size_t size) {
  return ::pread(file, into, size, static_cast<off_t>(offset)) == static_cast<ssize_t>(size);
}

// Where the last byte of the file has to be at least, by what its program headers say is to be mapped from it; 0 for a
// file that is none of this machine's shared libraries, which the loader refuses.
std::uint64_t size_needed(int file) {
  ElfW(Ehdr) header;
  if (!read_at(file, 0, &header, sizeof header)) return 0;
  const bool is_ours = std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
                       header.e_ident[EI_CLASS] == (sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32) &&
                       header.e_phentsize == sizeof(ElfW(Phdr));
  if (!is_ours) return 0;
  std::vector<ElfW(Phdr)> parts(header.e_phnum);
  std::uint64_t needed = header.e_phoff + parts.size() * sizeof(ElfW(Phdr));
  if (!read_at(file, header.e_phoff, parts.data(), parts.size() * sizeof(ElfW(Phdr)))) return needed;
  for (const auto& part : parts) {
    std::uint64_t end = 0;
    if (part.p_type != PT_LOAD) continue;
    if (__builtin_add_overflow(part.p_offset, part.p_filesz, &end)) return UINT64_MAX;
    needed = std::max(needed, end);
  }
  return needed;
}

}  // namespace

std::string library_file_fault(const std::string& path) {
  // O_NONBLOCK: the open of a fifo without a writer would wait for one.
  const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
  struct stat about {};
  if (file.number() < 0 || ::fstat(file.number(), &about) != 0) return "";
  if (const auto kind = special_kind(about.st_mode); !kind.empty()) {
    return fmt::format("expected a shared library, a regular file; found {}", kind);
  }
  const std::uint64_t needed = size_needed(file.number());
  const auto size = static_cast<std::uint64_t>(about.st_size);
  if (needed <= size) return "";
  return fmt::format("it is cut off: {} of at least {} bytes are there; build or copy it again", grouped(size),
                     grouped(needed));
}

}  // namespace coppice::detail
