#include <algorithm>

#include "tvw/record/bench_record.hpp"

namespace tvw::record {

std::string_view name(RowRole role) {
  switch (role) {
    case RowRole::kDense:
      return "dense";
    case RowRole::kBaseline:
      return "baseline";
    case RowRole::kSubject:
      return "subject";
  }
  return "subject";
}

std::string_view name(RowStatus status) {
  switch (status) {
    case RowStatus::kTimed:
      return "timed";
    case RowStatus::kSkipped:
      return "skipped";
    case RowStatus::kWrong:
      return "wrong";
  }
  return "skipped";
}

std::string why_untimed(const BenchRow& row) {
  return row.executor.empty() ? row.skipped_reason : row.executor + ": " + row.skipped_reason;
}

bool has_wrong_result(const BenchRecord& record) {
  return std::ranges::any_of(record.rows,
                             [](const BenchRow& row) { return row.status == RowStatus::kWrong; });
}

}  // namespace tvw::record
