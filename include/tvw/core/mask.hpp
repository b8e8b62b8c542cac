/// @file One bit per weight of B[K, N]: 1 = kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tvw {

/// Rows are padded to whole 64-bit words (padding bits are 0), so threads that own different rows
/// may write at the same time.
class Mask {
 public:
  Mask() = default;
  Mask(int64_t rows, int64_t cols, bool kept);

  [[nodiscard]] int64_t rows() const { return rows_; }
  [[nodiscard]] int64_t cols() const { return cols_; }
  [[nodiscard]] bool kept(int64_t r, int64_t c) const { return (word(r, c) >> (c & 63)) & 1; }
  void keep(int64_t r, int64_t c) { word(r, c) |= uint64_t{1} << (c & 63); }
  void drop(int64_t r, int64_t c) { word(r, c) &= ~(uint64_t{1} << (c & 63)); }

  [[nodiscard]] int64_t words_per_row() const { return words_per_row_; }
  [[nodiscard]] const uint64_t* row_words(int64_t r) const { return &bits_[index(r)]; }
  [[nodiscard]] uint64_t* row_words(int64_t r) { return &bits_[index(r)]; }

  [[nodiscard]] int64_t kept_count() const;
  [[nodiscard]] double sparsity() const;  ///< share of dropped weights; 0 for an empty mask
  friend bool operator==(const Mask&, const Mask&) = default;

 private:
  [[nodiscard]] size_t index(int64_t r) const { return static_cast<size_t>(r * words_per_row_); }
  [[nodiscard]] const uint64_t& word(int64_t r, int64_t c) const {
    return bits_[index(r) + static_cast<size_t>(c >> 6)];
  }
  [[nodiscard]] uint64_t& word(int64_t r, int64_t c) {
    return bits_[index(r) + static_cast<size_t>(c >> 6)];
  }

  int64_t rows_ = 0;
  int64_t cols_ = 0;
  int64_t words_per_row_ = 0;
  std::vector<uint64_t> bits_;
};

}  // namespace tvw
