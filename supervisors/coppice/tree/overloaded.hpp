#pragma once

// Private to supervisors/coppice.

namespace coppice::detail {

/// One visitor for std::visit made of a function for each alternative.
template <class... F>
struct overloaded : F... {
  using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;

}  // namespace coppice::detail
