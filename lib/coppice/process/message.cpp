#include <coppice/process/message.hpp>
#include <coppice/process/message_form.hpp>

namespace coppice {

std::string message::text() const {
  if (envelope_ == nullptr) return "(moved away)";
  return to_text(envelope_->type->form(), envelope_->payload());
}

}  // namespace coppice
