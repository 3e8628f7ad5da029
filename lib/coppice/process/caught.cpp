#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <typeinfo>

#include <cxxabi.h>

#include <coppice/process/caught.hpp>
#include <coppice/process/exit.hpp>
#include <coppice/process/throw_trace.hpp>

namespace coppice::detail {

namespace {

std::string name_of_type(const std::type_info* type) {
  if (type == nullptr) return "an exception of another language";
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text{abi::__cxa_demangle(type->name(), nullptr, nullptr, &status),
                                                         &std::free};
  return text != nullptr ? std::string{text.get()} : std::string{type->name()};
}

}  // namespace

exit_reason reason_of_caught() {
  try {
    throw;
  } catch (const exit_exception& caught) {
    return caught.reason;
  } catch (const error& caught) {
    return exit_reason::error(caught.reason(), take_throw_trace(&caught));
  } catch (const std::exception& caught) {
    return exit_reason::exception(
        {name_of_type(abi::__cxa_current_exception_type()), caught.what(), take_throw_trace(&caught)});
  } catch (const std::string& caught) {
    return exit_reason::exception({"std::string", caught, take_throw_trace(&caught)});
  } catch (const char* caught) {
    return exit_reason::exception({"const char*", caught, take_throw_trace(nullptr)});
  } catch (...) {
    return exit_reason::exception({name_of_type(abi::__cxa_current_exception_type()), {}, take_throw_trace(nullptr)});
  }
}

}  // namespace coppice::detail
