#pragma once

#include <any>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace coppice {

/// Something wrong with the `args` of a worker, or with a message to it.
struct arg_fault {
  std::string pointer;  ///< Relative to them: `/initial`, or empty for all of it.
  std::string message;  ///< What was expected, what was found, what to write instead.
};

/// What the checker of tree files has to know of the workers that a program offers.
///
/// Threads: a check calls it from one thread; the caller sees to it that it does not change meanwhile.
class worker_catalogue {
 public:
  virtual ~worker_catalogue();

  /// The registered names, in the order in which a message should list them.
  virtual std::vector<std::string_view> names() const = 0;

  virtual bool knows(std::string_view name) const = 0;

  /// Reads what the worker's init is to get; appends what is wrong with it. Returns it for the tree's specs to keep, so
  /// that it is read once for all (re)starts; empty: they read it from the JSON each time. Only for a known worker.
  virtual std::any read_args(std::string_view worker, nlohmann::json const& args,
                             std::vector<arg_fault>& faults) const = 0;

  /// Whether such workers take that message, an object with its name as the only key; appends what is wrong with it,
  /// with pointers relative to the object. Only for a known worker. As it stands here nothing is wrong: a catalogue
  /// need not know of messages.
  virtual void check_message(std::string_view worker, nlohmann::json const& message,
                             std::vector<arg_fault>& faults) const;

  /// Whether a call with that message, which they take, can be answered like that; appends why not. The same holds of
  /// it.
  virtual void check_answer(std::string_view worker, nlohmann::json const& message, nlohmann::json const& answer,
                            std::vector<arg_fault>& faults) const;
};

}  // namespace coppice
