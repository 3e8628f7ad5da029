#pragma once

#include <coppice/process/process_body.hpp>

namespace coppice::detail {

/// The body of a process that is a function: it has one turn, on a stack of its own.
class function_body : public process_body {
 public:
  turn run(control_block& process) final;
  bool holds_stack(const control_block& /*process*/) const noexcept final { return true; }

 protected:
  virtual void call() = 0;

 private:
  way_out* out() const noexcept final { return out_; }
  static void call_and_catch(function_body& of, control_block& process);

  way_out* out_ = nullptr;
};

}  // namespace coppice::detail
