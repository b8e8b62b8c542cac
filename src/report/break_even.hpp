/// @file From which sparsity on a pattern beats dense.
#pragma once

#include <vector>

#include "tvw/report/report.hpp"

namespace tvw::report {

/// One per layer and setting of `summaries` that was measured at more than one target sparsity.
[[nodiscard]] std::vector<BreakEven> break_evens(const std::vector<Summary>& summaries);

}  // namespace tvw::report
