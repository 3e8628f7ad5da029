#include <coppice/tree/worker_catalogue.hpp>

namespace coppice {

worker_catalogue::~worker_catalogue() = default;

}  // namespace coppice
