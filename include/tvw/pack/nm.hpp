/// @file N:M packed form of B[K, N], host memory: of every `group` K rows of a column, `keep`
/// values.
///
/// K is padded to whole groups; a padded or unused slot holds the value +0 and the lowest row of
/// the group that is not used. Rows ascend inside a group (canonical order). Only groups of up to 4
/// rows have a packed form (2-bit indices); other ratios can be pruned to and written masked.
#pragma once

#include <cstdint>
#include <vector>

#include "tvw/core/mask.hpp"
#include "tvw/core/parts.hpp"
#include "tvw/core/pattern_spec.hpp"
#include "tvw/core/typed_buffer.hpp"

namespace tvw::pack {

/// Packed row r belongs to group r / keep; its element n is B[group*(r/keep) + index(r,n), n].
struct NmMatrix {
  int64_t K = 0;
  int64_t N = 0;
  NmRatio nm;
  TypedBuffer values;          ///< [R, N], R = ceil(K/group) * keep
  std::vector<uint8_t> index;  ///< 2 bits per value, row-major like `values` (index2.hpp)

  [[nodiscard]] int64_t packed_rows() const { return parts_of(K, nm.group) * nm.keep; }
  friend bool operator==(const NmMatrix&, const NmMatrix&) = default;
};

/// Only groups of up to 4 rows are.
[[nodiscard]] bool is_packable(NmRatio nm);
/// @throws Error kInvalidArgument shapes differ
/// @throws Error kUnsupported !is_packable(nm)
/// @throws Error kPatternMismatch a group keeps more than nm.keep
[[nodiscard]] NmMatrix pack_nm(const DenseMatrix& weights, const Mask& mask, NmRatio nm);
[[nodiscard]] DenseMatrix unpack(const NmMatrix& packed);
/// @throws Error kBadFile
void validate(const NmMatrix& packed);

}  // namespace tvw::pack
