#pragma once

#include <string>
#include <string_view>

namespace calc_tree {

/// Standard output for people: lines, on a terminal with colours and a line of progress below them.
class console {
 public:
  enum class shade : unsigned char { plain, good, bad, faint };

  console();

  void line(std::string_view text);
  /// Replaces the last progress; nothing where there is no terminal.
  void progress(std::string_view text);
  /// Takes the progress away.
  void end_progress();

  /// The text in that colour, where there are colours.
  std::string in(shade as, std::string_view text) const;

  /// Whether everything could be written.
  bool is_whole() const noexcept { return whole_; }

 private:
  void write(std::string_view text);

  bool is_terminal_;
  bool has_colours_;
  bool whole_ = true;
  std::string progress_;
};

}  // namespace calc_tree
