/// @file From the order in which a tile's columns are multiplied to that of C.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace tvw::kernels::cpu {

/// Brings results of tokens into order, a line of kLine columns at a time. Of tiles whose columns
/// ascend, neighbours in C come from a few lines of results, which AVX-512 puts together two at a
/// time.
class ColumnOrder {
 public:
  static constexpr int32_t kLine = 16;

  /// Column n's result is number places[n].
  explicit ColumnOrder(std::vector<int32_t> places);

  /// Results are in order already.
  [[nodiscard]] bool is_identity() const { return identity_; }

  /// Results of some tokens, and where they go; `_ld` from one token to the next.
  struct Block {
    const float* results = nullptr;  ///< whole lines, 64-byte aligned
    int64_t results_ld = 0;
    float* to = nullptr;  ///< overlaps nothing else
    int64_t to_ld = 0;
    int64_t tokens = 0;
  };
  /// to[t][n] = results[t][places[n]] + plus[n]
  void place(Block block, const float* plus) const;

  /// Some columns of a line from two lines of results.
  struct Step {
    int32_t low = 0, high = 0;  ///< where these begin
    uint32_t columns = 0;       ///< bit i: column i of the line
    uint32_t ends = 0;          ///< whether it is the line's last step
    /// Of these columns: i for result low + i, kLine + i for high + i.
    alignas(64) std::array<int32_t, kLine> from{};
  };

 private:
  void add_line(int64_t first);

  std::vector<int32_t> places_;
  bool identity_;
  std::vector<Step> steps_;  ///< of one line after the other; none if not AVX-512
};

}  // namespace tvw::kernels::cpu
