// Stands before the C++ runtime's __cxa_throw. A file of its own: <cxxabi.h> declares that function in another
// namespace.

#include <typeinfo>

#include <dlfcn.h>

namespace coppice::detail {

void note_throw(const void* object, const std::type_info& type) noexcept;

}  // namespace coppice::detail

// The sanitizers have hooks of their own here.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

// Not declared as one that never returns, so that the last call can be a jump: a frame here would be one more that is
// walked through twice for each throw.
// NOLINTNEXTLINE(readability-identifier-naming): the C++ ABI gives the name
extern "C" __attribute__((visibility("default"))) void __cxa_throw(void* object, std::type_info* type,
                                                                   void (*destroy)(void*)) {
  using throw_function = void (*)(void*, std::type_info*, void (*)(void*));
  static const auto original = reinterpret_cast<throw_function>(::dlsym(RTLD_NEXT, "__cxa_throw"));
  coppice::detail::note_throw(object, *type);
  original(object, type, destroy);
}

#endif
