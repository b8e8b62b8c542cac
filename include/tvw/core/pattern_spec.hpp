/// @file What the user asks for: a pattern and its parameters, parsed from and printed as text.
///
///   ew              any single weight            packs to CSR
///   N:M, e.g. 2:4   keep N of M along K          packs to N:M
///   block:b=32      b x b blocks                 packs to Blocked-ELL
///   tw:g=64         tile-wise                    packs to TW
///   tvw:g=64,nm=2:4 tile-vector-wise             packs to TVW
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tvw/core/sparsity.hpp"

namespace tvw {

enum class PatternKind : uint8_t { kEw, kNm, kBlock, kTw, kTvw };

/// "2:4": of every `group` consecutive K rows of a column at most `keep` are nonzero.
struct NmRatio {
  int64_t keep = 2;
  int64_t group = 4;
  [[nodiscard]] double density() const {
    return static_cast<double>(keep) / static_cast<double>(group);
  }
  friend bool operator==(const NmRatio&, const NmRatio&) = default;
};

struct PatternSpec {
  PatternKind kind = PatternKind::kTvw;
  int64_t granularity = 64;  ///< G, columns of a tile (tw, tvw)
  int64_t block_size = 32;   ///< edge of a block (block)
  NmRatio nm;                ///< n:m, tvw

  friend bool operator==(const PatternSpec&, const PatternSpec&) = default;
};

/// "tvw", "tvw:g=64,nm=2:4", "2:4", "block:b=32", "ew"; "csr" is another word for "ew" and "bw" for
/// "block". parse_pattern(to_string(spec)) == spec.
/// What the text does not say is as in `defaults`.
/// @throws Error kUsage unknown name (with the nearest known one), parameter or value
[[nodiscard]] PatternSpec parse_pattern(std::string_view text, const PatternSpec& defaults = {});
/// Comma-separated list of the above; a comma inside parameters binds to its pattern:
/// "tvw:g=64,nm=2:4,2:4,csr" is three patterns.
[[nodiscard]] std::vector<PatternSpec> parse_patterns(std::string_view text,
                                                      const PatternSpec& defaults = {});
[[nodiscard]] std::string to_string(const PatternSpec& spec);  ///< canonical, all parameters

/// True where the spec alone fixes the sparsity (n:m), so that a target does not apply.
[[nodiscard]] bool has_fixed_sparsity(const PatternSpec& spec);
/// The sparsity that `spec` reaches when asked for `target`: `target`, or that of the ratio.
/// @throws Error kUsage tvw below the sparsity that its N:M ratio alone gives
[[nodiscard]] Sparsity effective_target(const PatternSpec& spec, Sparsity target);

}  // namespace tvw
