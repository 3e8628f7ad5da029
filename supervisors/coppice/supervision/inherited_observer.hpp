#pragma once

// Private to supervisors/coppice.

#include <memory>
#include <string>

#include <coppice/supervision/supervisor.hpp>

namespace coppice::detail {

/// While it lives, the calling process, a supervisor, starts its child at `path`: a supervisor that the start function
/// starts, and that was given no observer, takes this one and that path.
class inheritance {
 public:
  inheritance(std::string path, std::shared_ptr<supervision_observer> observer);
  inheritance(const inheritance&) = delete;
  inheritance& operator=(const inheritance&) = delete;
  ~inheritance();
};

/// What the calling process bequeaths, if it does, and `init` has no observer of its own.
void inherit_observer(supervisor_init& init);

}  // namespace coppice::detail
