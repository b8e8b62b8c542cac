/// @file Writing pruned models. All outputs appear whole or not at all; the source is never
/// touched.
#pragma once

#include <filesystem>
#include <vector>

#include "tvw/core/mask.hpp"
#include "tvw/core/output_set.hpp"
#include "tvw/core/pattern_spec.hpp"
#include "tvw/io/onnx_model.hpp"
#include "tvw/pack/packed_weights.hpp"

namespace tvw::io {

struct OutputPaths {
  std::filesystem::path model;  ///< .onnx
  /// .safetensors beside it: tensors of 1 MiB or more, packed weights.
  std::filesystem::path sidecar;
};
/// model.tvw.onnx -> model.tvw.safetensors
[[nodiscard]] OutputPaths output_paths(const std::filesystem::path& model);

/// Everything that can be known before the work: the folder exists and can be written, nothing is
/// overwritten without `force`, no output is the input or a file that the input's tensors are in.
/// @throws Error kIo
void check_output(const OnnxModel& source, const OutputPaths& outputs, bool force);
/// The same for any other file that is going to be written.
void check_output(const OnnxModel& source, const std::filesystem::path& output, bool force);

/// How decoding is expressed in the graph.
enum class Decode : uint8_t {
  kFunctions,  ///< model-local functions org.tvw.Unpack*
  kInline,     ///< the same nodes in the graph, for readers that do not know functions
};

struct PackedWeight {
  size_t weight = 0;  ///< index in OnnxModel::weights()
  PatternSpec pattern;
  pack::PackedWeights packed;
};

/// Writes the sidecar and the model whose packed weights are decoded by standard ops. Uses `model`
/// up. They appear when `files` are committed. Returns what was written: the model, then the
/// sidecar if there is one.
/// @throws Error kIo, kUnsupported (see OnnxModel::raise_for_packing)
std::vector<std::filesystem::path> write_packed(OnnxModel model,
                                                const std::vector<PackedWeight>& weights,
                                                const OutputPaths& outputs, Decode decode,
                                                OutputSet& files);
/// The same, alone: they appear at once.
void write_packed(OnnxModel model, const std::vector<PackedWeight>& weights,
                  const OutputPaths& outputs, Decode decode);

/// Bytes of the tensors that write_packed() stores for a weight.
[[nodiscard]] int64_t stored_bytes(const pack::PackedWeights& packed);

struct MaskedWeight {
  size_t weight = 0;
  const Mask* mask = nullptr;  ///< [K, N]; not owned
};

/// The same graph with zeros in place, in the original type and order. A sidecar is written only if
/// the source has external data or the model would pass 2 GiB. Uses `model` up. Returns as above.
/// @throws Error kIo
std::vector<std::filesystem::path> write_masked(OnnxModel model,
                                                const std::vector<MaskedWeight>& weights,
                                                const OutputPaths& outputs, OutputSet& files);
/// The same, alone: they appear at once.
void write_masked(OnnxModel model, const std::vector<MaskedWeight>& weights,
                  const OutputPaths& outputs);

}  // namespace tvw::io
