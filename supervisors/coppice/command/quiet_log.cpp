#include <utility>

#include <coppice/command/quiet_log.hpp>

namespace coppice::command {

quiet_log::quiet_log(bool verbose) : is_quiet_{!verbose} {
  if (is_quiet_) before_ = set_log_handler([](const log_record&) {});
}

quiet_log::~quiet_log() {
  if (is_quiet_) set_log_handler(std::move(before_));
}

}  // namespace coppice::command
