#include <cstring>

#include <cxxabi.h>

#include <coppice/scheduling/exception_state.hpp>

namespace coppice::scheduling {

// The Itanium C++ ABI fixes the two fields of __cxa_eh_globals, though not their type's definition.
void exception_state::exchange_for(const exception_state& next) noexcept {
  struct globals {
    void* caught;
    unsigned int uncaught;
  };
  auto* now = reinterpret_cast<globals*>(abi::__cxa_get_globals());
  caught = now->caught;
  uncaught = now->uncaught;
  now->caught = next.caught;
  now->uncaught = next.uncaught;
}

}  // namespace coppice::scheduling
