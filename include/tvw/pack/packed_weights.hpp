/// @file Any packed weight, and how a pattern's selection becomes one.
#pragma once

#include <string_view>
#include <variant>

#include "tvw/core/pattern_spec.hpp"
#include "tvw/core/selection.hpp"
#include "tvw/pack/block_ell.hpp"
#include "tvw/pack/csr.hpp"
#include "tvw/pack/nm.hpp"
#include "tvw/pack/tvw.hpp"
#include "tvw/pack/tw.hpp"

namespace tvw::pack {

/// DenseMatrix is the packed form of "nothing was pruned", so that dense runs the same way.
using PackedWeights =
    std::variant<DenseMatrix, CsrMatrix, BlockEllMatrix, NmMatrix, TwMatrix, TvwMatrix>;

/// "dense", "csr", "block-ell", "nm", "tw", "tvw": names of formats, used in files and records.
[[nodiscard]] std::string_view format_name(const PackedWeights& packed);
/// Whether the pattern has a packed form: all but N:M ratios of more than 4 rows (pack/nm.hpp).
[[nodiscard]] bool is_packable(const PatternSpec& spec);
/// To the format of the pattern: csr (ew), nm, block-ell, tw or tvw. `weights` [K, N]; what the
/// selection's mask drops is not stored.
/// @throws Error kUnsupported !is_packable(spec)
/// @throws Error kInvalidArgument a tiled pattern's selection lacks its tiles, or shapes differ
[[nodiscard]] PackedWeights pack(const DenseMatrix& weights, const Selection& selection,
                                 const PatternSpec& spec);
[[nodiscard]] DenseMatrix unpack(const PackedWeights& packed);
void validate(const PackedWeights& packed);  ///< @throws Error kBadFile

[[nodiscard]] int64_t rows(const PackedWeights& packed);  ///< K
[[nodiscard]] int64_t cols(const PackedWeights& packed);  ///< N
[[nodiscard]] DType dtype(const PackedWeights& packed);
/// Stored values, pads included: what a kernel multiplies per row of A.
[[nodiscard]] int64_t stored_values(const PackedWeights& packed);
/// Values, indices and ids in memory, in bytes.
[[nodiscard]] int64_t size_bytes(const PackedWeights& packed);

}  // namespace tvw::pack
