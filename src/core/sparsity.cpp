#include "tvw/core/sparsity.hpp"

#include <sstream>

#include "tvw/core/error.hpp"

namespace tvw {

Sparsity::Sparsity(double zeros) : zeros_(zeros) {
  if (!(zeros >= 0.0 && zeros < 1.0)) {  // also refuses NaN
    std::ostringstream message;
    message << "sparsity " << zeros
            << ", expected a share of zeros from 0 up to but not 1, e.g. 0.75";
    throw Error(ErrorCode::kUsage, message.str());
  }
}

}  // namespace tvw
