#include "tvw/core/mask.hpp"

#include <algorithm>
#include <bit>
#include <string>

#include "tvw/core/error.hpp"

namespace tvw {

Mask::Mask(int64_t rows, int64_t cols, bool kept)
    : rows_(rows), cols_(cols), words_per_row_((cols + 63) / 64) {
  if (rows < 0 || cols < 0) {
    throw Error(ErrorCode::kInvalidArgument, "mask of " + std::to_string(rows) + " x " +
                                                 std::to_string(cols) + ", expected 0 or more");
  }
  bits_.assign(static_cast<size_t>(rows_ * words_per_row_), kept ? ~uint64_t{0} : 0);
  if (!kept || (cols_ & 63) == 0) return;
  const uint64_t last = (uint64_t{1} << (cols_ & 63)) - 1;
  for (int64_t r = 0; r < rows_; ++r) row_words(r)[words_per_row_ - 1] = last;
}

int64_t Mask::kept_count() const {
  int64_t count = 0;
  for (const uint64_t word : bits_) count += std::popcount(word);
  return count;
}

double Mask::sparsity() const {
  const int64_t total = rows_ * cols_;
  if (total == 0) return 0.0;
  return static_cast<double>(total - kept_count()) / static_cast<double>(total);
}

}  // namespace tvw
