/// @file Which CTA of a persistent grid computes which output tiles, decided on the host.
#pragma once

#include <cstdint>
#include <vector>

namespace tvw::kernels::cuda {

/// One output tile of one CTA: a tile of features times some tokens. 16 bytes, read by the kernel.
/// A stage is what the kernel takes up of K at a time.
struct Item {
  int32_t first_stage = 0;  ///< of the weight tile
  int32_t stages = 0;
  int32_t tile = 0;
  int32_t token_width = 0;  ///< first token, in units of 8, << 8 | width / 8
};

/// What fits an item's first token.
inline constexpr int64_t kMostItemTokens = int64_t{1} << 26;

struct Schedule {
  /// [longest list + 1, grid]: item i of CTA c is at i * grid + c; a list ends with a zero item.
  std::vector<Item> items;
  int grid = 0;
  double longest = 0.0;  ///< cost of the busiest CTA, in stages of wide tiles
};

struct ScheduleRequest {
  int64_t M = 0;
  std::vector<int32_t> first_stage;  ///< [tiles + 1]
  int wide = 0;                      ///< tokens of a tile, a multiple of 8
  int narrow = 0;                    ///< a second width where it shortens the longest CTA; 0: none
  int ctas = 0;                      ///< that run at the same time
  /// All activations stay in L2: the order of tiles then need not care for locality.
  bool activations_cached = false;
};

/// Token blocks of `wide`, the last of them `narrow` where that balances better; a group of weight
/// tiles runs through all tokens before the next (so that they stay in L2), the last ones the
/// costliest first, and every tile goes to the CTA with the least work so far. Deterministic.
[[nodiscard]] Schedule make_schedule(const ScheduleRequest& request);

/// Of at most one output tile for each of request.ctas clusters of `splits` CTAs, which share its
/// stages: CTA r of cluster c is CTA c * splits + r of the grid. Without a CTA if there are more
/// output tiles than clusters.
[[nodiscard]] Schedule make_split_schedule(const ScheduleRequest& request, int splits);

}  // namespace tvw::kernels::cuda
