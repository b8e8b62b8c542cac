/// @file Tiles times blocks of tokens: where sums are made, and what becomes of them.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/cpu/host_memory.hpp"
#include "kernels/cpu/panel_io.hpp"
#include "kernels/cpu/panel_split.hpp"
#include "kernels/cpu/panel_tiles.hpp"
#include "tvw/kernels/executor.hpp"

namespace tvw::kernels::cpu {

/// Where a block's activations and results are, feature by feature.
struct Panel {
  float* rows;    ///< [rows][tokens], of 4 bytes whatever they are
  void* results;  ///< as PanelIo has them
};

class PanelMultiplier {
  /// Where a panel's sums of a tile are made.
  struct PanelSums {
    /// [kMostTileColumns][tokens], if not in place, and those of columns that a group lacks. Not
    /// initialised: kernels write them first.
    HostMemory memory;
    [[nodiscard]] float* elsewhere() const { return static_cast<float*>(memory.get()); }
    std::array<float*, kMostTileColumns> sums;
    std::array<uint16_t*, kMostTileColumns> rounded;
  };

 public:
  /// Of a thread; every call writes to it.
  struct Scratch {
    std::vector<PanelSums> sums;
    std::vector<PanelTask> tasks;
    std::vector<TokenBlock> joined;
  };

  /// `tiles` and `io` have to outlive it.
  PanelMultiplier(const Problem& problem, const PanelSplit& split, const PanelTiles& tiles,
                  const PanelIo& io);

  /// Whether rows are multiplied where they lie in A: panels of it are not read then.
  [[nodiscard]] bool reads_a() const { return reads_a_; }

  /// Results of a tile's columns for some of split.blocks, `panels` of each: with bias, activation
  /// and, if asked for, what C has. In `C` and `panels`, A and C as for Plan::run.
  void multiply(std::span<const TokenBlock> blocks, int64_t tile, const void* A,
                std::span<const Panel> panels, void* C, Scratch& scratch) const;

 private:
  /// What becomes of a tile's columns.
  struct TileColumns {
    std::vector<int64_t> places;  ///< [columns] as PanelIo has them
    std::vector<float> start;     ///< [padded columns] what sums start from: the bias
  };

  [[nodiscard]] int64_t lead_of(const TokenBlock& block) const;
  [[nodiscard]] bool makes_in_place(const TokenBlock& block) const;
  template <class T>
  void find_places(const TokenBlock& block, const TileColumns& columns, const Panel& panel, void* C,
                   std::array<T*, kMostTileColumns>& to) const;
  PanelTask make_task(const TokenBlock& block, const TileColumns& columns, const void* A,
                      const Panel& panel, void* C, PanelSums& sums) const;
  void finish(const TokenBlock& block, const TileColumns& columns, const PanelTask& task,
              const PanelSums& sums, const Panel& panel, void* C) const;

  int64_t M_;
  int64_t tokens_;  ///< of a panel
  Activation activation_;
  bool add_to_c_;
  const PanelTiles& tiles_;
  const PanelIo& io_;
  bool reads_a_;
  std::vector<TileColumns> columns_;  ///< [tiles]
};

}  // namespace tvw::kernels::cpu
