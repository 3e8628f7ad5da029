#pragma once

// What the tests of servers share.

#include <string>
#include <string_view>

#include <coppice/behaviours/server.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/exit_reason.hpp>
#include <coppice/process/pid.hpp>
#include <coppice/process/process_info.hpp>

#include "process/process_testing.hpp"

namespace coppice::testing {

/// The reason with which `call` exits its caller, as text; what it is not if it does not.
template <class Call>
std::string exit_of(Call call) {
  try {
    call();
  } catch (const exit_exception& caught) {
    return caught.reason.to_string();
  }
  return "(no exit)";
}

/// What the caller of a call that fails exits with.
inline std::string failed_call(std::string_view why, std::string_view server, std::string_view request) {
  return "{" + std::string{why} + ",{server,call,{" + std::string{server} + "," + std::string{request} + "}}}";
}
inline std::string failed_call(std::string_view why, pid server, std::string_view request) {
  return failed_call(why, to_string(server), request);
}

/// What lies in the queue of the caller, as text.
inline std::vector<std::string> queue() {
  return process_info(self(), info::messages)->messages;
}

/// Facts in the order in which they happened, from whatever process.
class journal {
 public:
  void note(std::string fact) {
    const std::lock_guard hold{lock_};
    facts_.push_back(std::move(fact));
  }
  std::vector<std::string> facts() const {
    const std::lock_guard hold{lock_};
    return facts_;
  }
  std::string text() const {
    std::string all;
    for (const std::string& each : facts()) all += (all.empty() ? "" : ", ") + each;
    return all;
  }

 private:
  mutable std::mutex lock_;
  std::vector<std::string> facts_;
};

}  // namespace coppice::testing
