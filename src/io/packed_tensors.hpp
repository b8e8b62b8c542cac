/// @file A packed weight as named tensors, and back.
///
/// With R value rows, granularity G, T tiles and L logical rows, by format:
/// - csr: values [nnz], row_offsets I64 [K+1], column_indices I32 [nnz]
/// - block-ell: values [block rows, slots, b (n), b (k)],
///   column_blocks I32 [block rows, slots] (-1: unused)
/// - nm: values [R, N], index U8 [ceil(R*N/4)]
/// - tw: values [R, G], k_index I32 [R], n_index I32 [T, G], row_tile I32 [R]
/// - tvw: values [R, G], index U8 [R*G/4], k_index I32 [L], n_index I32 [T, G], row_tile I32 [R]
///
/// row_tile is the tile of each value row; pads and the order of indices are those of tvw/pack.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tvw/pack/packed_weights.hpp"

namespace tvw::io {

struct PackedTensor {
  std::string suffix;  ///< "values", "k_index", ...
  std::string dtype;   ///< of safetensors
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;  ///< into the packed weight, or into `owned`
  std::vector<int32_t> owned;        ///< what is not stored in this form in memory
};
/// The result points into `packed`.
[[nodiscard]] std::vector<PackedTensor> to_tensors(const pack::PackedWeights& packed);

/// What the tensors alone do not say.
struct PackedShape {
  std::string format;  ///< pack::format_name
  int64_t K = 0;
  int64_t N = 0;
  PatternSpec pattern;
};
/// One tensor as it was read.
struct ReadTensor {
  std::string dtype;
  std::vector<int64_t> shape;
  std::span<const std::byte> bytes;
};
using TensorLookup = std::function<ReadTensor(const std::string& suffix)>;
/// @throws Error kBadFile types, shapes or ids do not fit; pack::validate() has passed on the
/// result
[[nodiscard]] pack::PackedWeights from_tensors(const PackedShape& shape,
                                               const TensorLookup& lookup);

}  // namespace tvw::io
