#pragma once

#include <cstdint>
#include <exception>
#include <initializer_list>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace coppice {

/// Why a process ended: an atom (`normal`, `shutdown`, `killed`, `boom`), a tuple of reasons
/// (`{shutdown,x}`), or an exception that left the process.
///
///     exit(exit_reason::normal());
///     exit(exit_reason{"boom"});
///     exit(exit_reason::tuple({exit_reason::shutdown(), exit_reason{"x"}}));
///
/// Which one to choose: `normal`, `shutdown` and `{shutdown,_}` are normal ends, everything else is a crash: it is
/// logged, and a transient child is restarted after it (S96).
///
/// A small value that shares an immutable body: cheap to copy, safe to share between threads.
class exit_reason {
 public:
  /// What an exception that left a process said of itself.
  struct exception_info {
    std::string type;          ///< Name of its type, as in the source.
    std::string what;          ///< Its `what()`, or a text of its value; empty when it has none.
    std::vector<void*> trace;  ///< Return addresses where it was thrown, innermost first; may be empty.
  };

  /// `normal`.
  exit_reason() noexcept = default;

  /// The atom of that name; the well-known ones compare equal to their functions below.
  explicit exit_reason(std::string_view atom);

  static exit_reason normal() noexcept { return exit_reason{well_known::normal}; }
  static exit_reason shutdown() noexcept { return exit_reason{well_known::shutdown}; }
  static exit_reason kill() noexcept { return exit_reason{well_known::kill}; }
  static exit_reason killed() noexcept { return exit_reason{well_known::killed}; }
  static exit_reason noproc() noexcept { return exit_reason{well_known::noproc}; }
  static exit_reason noconnection() noexcept { return exit_reason{well_known::noconnection}; }
  static exit_reason timeout() noexcept { return exit_reason{well_known::timeout}; }

  /// `{a,b,...}`.
  static exit_reason tuple(std::span<const exit_reason> elements);
  static exit_reason tuple(std::initializer_list<exit_reason> elements) {
    return tuple(std::span<const exit_reason>{elements.begin(), elements.size()});
  }

  /// An error: what `error(name)` throws makes of itself; prints as its name alone (`badarith`).
  static exit_reason error(exit_reason name, std::vector<void*> trace);

  /// An exception of the program's.
  static exit_reason exception(exception_info info);

  /// From the text of a reason in Erlang notation: `boom`, `{shutdown,x}`. Text that is no such notation is one atom.
  static exit_reason parse(std::string_view text);

  exit_reason(const exit_reason& other) noexcept : body_{other.body_} { retain(); }
  exit_reason(exit_reason&& other) noexcept : body_{std::exchange(other.body_, normal_body)} {}
  exit_reason& operator=(const exit_reason& other) noexcept {
    exit_reason copy{other};
    std::swap(body_, copy.body_);
    return *this;
  }
  exit_reason& operator=(exit_reason&& other) noexcept {
    std::swap(body_, other.body_);
    return *this;
  }
  ~exit_reason() { release(); }

  bool is_normal() const noexcept { return body_ == normal_body; }
  bool is_kill() const noexcept { return body_ == static_cast<std::uintptr_t>(well_known::kill); }

  /// `normal`, `shutdown` or `{shutdown,_}`: nothing to report, nothing to restart a transient child for.
  bool is_normal_end() const noexcept;

  /// The elements of a tuple; empty for anything else.
  std::span<const exit_reason> elements() const noexcept;

  /// The exception behind it, or null.
  const exception_info* thrown() const noexcept;

  /// Erlang notation without blanks: `{shutdown,x}`; an error by its name alone; an exception as `type: what`.
  std::string to_string() const;

  friend bool operator==(const exit_reason& left, const exit_reason& right) noexcept;

 private:
  enum class well_known : std::uintptr_t {
    normal = 1,
    shutdown = 3,
    kill = 5,
    killed = 7,
    noproc = 9,
    noconnection = 11,
    timeout = 13
  };
  struct node;

  explicit exit_reason(well_known atom) noexcept : body_{static_cast<std::uintptr_t>(atom)} {}
  explicit exit_reason(node* owned) noexcept;

  // Odd values are the well-known atoms, even ones point to a shared node.
  static constexpr std::uintptr_t normal_body = 1;

  bool is_node() const noexcept { return (body_ & 1U) == 0; }
  node& as_node() const noexcept;
  void retain() const noexcept {
    if (is_node()) retain_node();
  }
  void release() const noexcept {
    if (is_node()) release_node();
  }
  void retain_node() const noexcept;
  void release_node() const noexcept;

  std::uintptr_t body_ = normal_body;
};

inline std::string to_string(const exit_reason& reason) {
  return reason.to_string();
}
std::ostream& operator<<(std::ostream&, const exit_reason&);

}  // namespace coppice
