#include <coppice/scheduling/this_thread.hpp>

namespace coppice::scheduling {

// The name is for the assembler text in the header. Constant zero, so that no thread has to initialise it.
[[gnu::tls_model("initial-exec"),
  gnu::used]] constinit thread_local thread_state state_of_this_thread asm("coppice_thread_state") = {};

#if !(defined(__x86_64__) && defined(__ELF__))
[[gnu::noipa]] thread_state& this_thread() noexcept {
  return state_of_this_thread;
}
#endif

}  // namespace coppice::scheduling
