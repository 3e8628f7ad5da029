#pragma once

#include <any>
#include <concepts>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <coppice/behaviours/server.hpp>
#include <coppice/behaviours/start.hpp>
#include <coppice/process/value_form.hpp>
#include <coppice/tree/worker_catalogue.hpp>

namespace coppice {

/// The `args` of a worker in a tree file, checked.
struct worker_args {
  const nlohmann::json& json;
  const std::any& read;  ///< What the worker's `read` made of them; empty where nobody has called it.
};

/// A class of workers that a tree file can name in `start`.
struct worker {
  /// Reads the `args` of a tree file, and appends what is wrong with them. What it returns is handed to each `start`;
  /// it may be empty.
  std::function<std::any(const nlohmann::json& args, std::vector<arg_fault>& faults)> read;

  /// Starts one, linked to the caller. Called at each (re)start.
  std::function<start_result(const worker_args& args, start_options options)> start;

  /// The messages that it handles: their JSON names are looked up here. Empty: scripts cannot talk to it.
  std::span<const detail::handler> handlers;
};

namespace detail {

/// Reads args into a value, by `read`; appends the faults. False when there are any.
bool read_args(const nlohmann::json& args, bool (*read)(value_reader& from, void* into), void* into,
               std::vector<arg_fault>* faults);

/// Args of a worker that takes none.
struct no_args {};

template <class Server>
struct args_of {
  using type = no_args;
};
template <class Server>
  requires requires {
    typename Server::args;
  }
struct args_of<Server> {
  using type = typename Server::args;
};

}  // namespace detail

/// The workers that tree files can name: those of the program, and those of libraries that it loads.
///
///     worker_registry workers;
///     workers.add<calc>("calc");
///
/// Threads: filled by one thread before trees are started; read by any afterwards.
class worker_registry final : public worker_catalogue {
 public:
  /// Registers a class of servers. Its `args`, if it has such a member type, is a struct with a form (described with
  /// Boost.Describe, so that the fields have names): read from the tree file's `args`, checked before anything starts,
  /// and handed to the constructor. A static `check(const args&, std::vector<arg_fault>&)` may refuse values.
  ///
  /// Throws std::invalid_argument for a name that is taken or is no identifier.
  template <class Server>
  void add(std::string name) {
    using args = typename detail::args_of<Server>::type;
    static_assert(std::constructible_from<Server, args> || std::default_initializable<Server>,
                  "a worker is constructed from its `args`, or from nothing");
    static constexpr auto read_into = [](value_reader& from, void* into) {
      return read_value(from, *static_cast<args*>(into));
    };
    worker made;
    made.read = [](const nlohmann::json& given, std::vector<arg_fault>& faults) {
      std::any kept;
      args read{};
      if (!detail::read_args(given, read_into, &read, &faults)) return kept;
      if constexpr (requires { Server::check(read, faults); }) Server::check(read, faults);
      if constexpr (std::copy_constructible<args>) kept = std::move(read);
      return kept;
    };
    made.start = [](const worker_args& given, start_options options) {
      if constexpr (!std::constructible_from<Server, args>) {
        return start_link<Server>(std::move(options));
      } else {
        if constexpr (std::copy_constructible<args>) {
          if (const auto* read = std::any_cast<args>(&given.read)) {
            return start_link<Server>(std::move(options), *read);
          }
        }
        args read{};
        detail::read_args(given.json, read_into, &read, nullptr);
        return start_link<Server>(std::move(options), std::move(read));
      }
    };
    made.handlers = Server::handler_list();
    add(std::move(name), std::move(made));
  }

  void add(std::string name, worker made);

  /// The worker of that name; null when there is none.
  const worker* find(std::string_view name) const noexcept;

  std::vector<std::string_view> names() const override;
  bool knows(std::string_view name) const override { return find(name) != nullptr; }
  std::any read_args(std::string_view worker, const nlohmann::json& args,
                     std::vector<arg_fault>& faults) const override;
  void check_message(std::string_view worker, const nlohmann::json& message,
                     std::vector<arg_fault>& faults) const override;
  void check_answer(std::string_view worker, const nlohmann::json& message, const nlohmann::json& answer,
                    std::vector<arg_fault>& faults) const override;

 private:
  std::map<std::string, worker, std::less<>> workers_;
};

}  // namespace coppice
