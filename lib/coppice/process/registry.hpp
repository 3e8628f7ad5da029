#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <coppice/process/pid.hpp>

namespace coppice {

/// Gives a process a name, by which it can be sent to, called and monitored (S46). Any process may name any.
///
/// Throws `error{badarg}`, with the reason in its text, when the name is taken or empty, when the process has a name
/// already, and when it is dead. A name is free again when its holder's EXIT and DOWN go out (S48).
void register_name(std::string_view name, pid process);

/// Takes a name away from whoever has it (S47). Throws `error{badarg}` for a name that nobody has.
void unregister_name(std::string_view name);

/// Who has that name; a false pid when nobody has it (S47).
pid whereis(std::string_view name);

/// All names, sorted.
std::vector<std::string> registered();

namespace detail {

/// The name of a process, or nothing.
std::string name_of(pid process);

/// Writes the name of a process there, as far as there is room, and returns its length. 0: it has none, or somebody is
/// changing names right now. For a signal handler.
std::size_t copy_name_if_free(pid process, char* to, std::size_t room) noexcept;

/// How many names are registered.
std::size_t count_names();

/// Of a process that ends.
void release_name_of(pid process) noexcept;

}  // namespace detail
}  // namespace coppice
