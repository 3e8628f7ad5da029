#pragma once

#include <coppice/chaos/chaos_injector.hpp>

namespace coppice {

/// In virtual time: `await_quiescence`, and until nobody is kept in a step any more, functions included. False when
/// that never comes.
bool await_rest(chaos_injector& injector);

}  // namespace coppice
