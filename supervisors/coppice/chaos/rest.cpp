#include <coppice/chaos/rest.hpp>
#include <coppice/process/simulation.hpp>

namespace coppice {

bool await_rest(chaos_injector& injector) {
  for (;;) {
    if (!await_quiescence()) return false;
    if (!injector.is_anybody_in_a_step()) return true;
    if (!advance_to_next_timer()) return false;
  }
}

}  // namespace coppice
