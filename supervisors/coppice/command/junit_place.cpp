#include <filesystem>
#include <utility>
#include <vector>

#include <coppice/command/junit_place.hpp>
#include <coppice/command/overwriting.hpp>

namespace coppice::command {

namespace {

// The least that a file of a few test cases takes.
constexpr std::size_t room = 1024;

}  // namespace

junit_place::junit_place(const chaos_command_options& options) {
  if (!options.junit) return;
  refuse_to_overwrite("chaos", "--junit", *options.junit, options.files_read());
  const std::filesystem::path file{*options.junit};
  name_ = file.filename().string();
  const std::string folder = file.parent_path().string();
  folder_.emplace(folder.empty() ? "." : folder, std::vector<std::string>{name_}, room);
}

std::string junit_place::write(std::string bytes) const {
  return folder_ ? folder_->write({{name_, std::move(bytes)}}) : std::string{};
}

}  // namespace coppice::command
