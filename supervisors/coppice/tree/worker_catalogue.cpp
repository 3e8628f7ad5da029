#include <coppice/tree/worker_catalogue.hpp>

namespace coppice {

worker_catalogue::~worker_catalogue() = default;

void worker_catalogue::check_message(std::string_view /*worker*/, nlohmann::json const& /*message*/,
                                     std::vector<arg_fault>& /*faults*/) const {}

void worker_catalogue::check_answer(std::string_view /*worker*/, nlohmann::json const& /*message*/,
                                    nlohmann::json const& /*answer*/, std::vector<arg_fault>& /*faults*/) const {}

}  // namespace coppice
