#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <coppice/command/command_line.hpp>
#include <coppice/command/junit_place.hpp>
#include <coppice/command/output.hpp>
#include <coppice/command/overwriting.hpp>
#include <coppice/tree/quoted_text.hpp>

namespace coppice::command {

namespace {

namespace fs = std::filesystem;

// The least that a file of a few test cases takes.
constexpr std::size_t room = 1024;

// A new file takes the place of the old one, so what is no file, or a link to something of the system's, is left alone.
fs::path file_meant(const std::string& given) {
  std::error_code ignored;
  fs::path file{given};
  const fs::file_status there = fs::status(file, ignored);
  if (fs::is_directory(there) || !file.has_filename() || file.filename() == "." || file.filename() == "..") {
    throw usage_fault{
        fmt::format("chaos: expected the name of a file after --junit; {} is a folder. Name a file in it, "
                    "such as {}.",
                    detail::in_quotes(given), detail::in_quotes((file / "junit.xml").string()))};
  }
  const auto is_of_the_system = [](const fs::path& path) {
    const std::string text = path.string();
    return text.starts_with("/dev/") || text.starts_with("/proc/");
  };
  const bool is_link = fs::is_symlink(fs::symlink_status(file, ignored));
  if ((fs::exists(there) && !fs::is_regular_file(there)) ||
      (is_link && is_of_the_system(fs::absolute(file, ignored)))) {
    throw usage_fault{
        fmt::format("chaos: --junit would replace {}, which is no file. Name another file, or - for "
                    "standard output.",
                    detail::in_quotes(given))};
  }
  if (is_link && fs::exists(there)) return fs::canonical(file, ignored);
  return file;
}

}  // namespace

junit_place::junit_place(const chaos_command_options& options) {
  if (!options.junit) return;
  is_standard_output_ = *options.junit == "-";
  if (is_standard_output_) return;
  refuse_to_overwrite("chaos", "--junit", *options.junit, options.files_read());
  const fs::path file = file_meant(*options.junit);
  name_ = file.filename().string();
  const std::string folder = file.parent_path().string();
  folder_.emplace(folder.empty() ? "." : folder, std::vector<std::string>{name_}, room);
}

std::string junit_place::write(std::string bytes) const {
  if (is_standard_output_) {
    output to{"-"};
    to.write(bytes);
    return to.close() ? std::string{} : "coppice: " + to.fault();
  }
  return folder_ ? folder_->write({{name_, std::move(bytes)}}) : std::string{};
}

}  // namespace coppice::command
