#include <cxxabi.h>

#include <coppice/scheduling/exception_state.hpp>

namespace coppice::scheduling {

// The Itanium C++ ABI fixes the two fields of __cxa_eh_globals, though not their type's definition.
thread_exceptions::thread_exceptions() noexcept : now_{reinterpret_cast<exception_state*>(abi::__cxa_get_globals())} {}

}  // namespace coppice::scheduling
