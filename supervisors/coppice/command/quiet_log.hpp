#pragma once

#include <functional>

#include <coppice/process/log.hpp>

namespace coppice::command {

/// While it lives, nothing is reported, unless it is told to be verbose: crashes that are caused on purpose are no
/// news.
class quiet_log {
 public:
  explicit quiet_log(bool verbose);
  quiet_log(const quiet_log&) = delete;
  quiet_log& operator=(const quiet_log&) = delete;
  ~quiet_log();

 private:
  bool is_quiet_;
  std::function<void(const log_record&)> before_;
};

}  // namespace coppice::command
