/// @file Reading what write_packed() wrote.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tvw/core/pattern_spec.hpp"
#include "tvw/io/write_model.hpp"
#include "tvw/pack/packed_weights.hpp"

namespace tvw::io {

/// One packed weight of a model, validated and its checksums compared.
struct LoadedWeight {
  std::string name;  ///< of the tensor in the source model
  PatternSpec pattern;
  std::vector<int64_t> dims;                   ///< of that tensor
  bool transposed = false;                     ///< the source stored it as [N, K]
  std::string dense_checksum;                  ///< XXH3-128 of the dense source's B[K, N], hex
  std::map<std::string, std::string> tensors;  ///< by suffix ("values"): names in the sidecar
  pack::PackedWeights packed;
};

/// True if the graph decodes weights: the model was written by write_packed().
[[nodiscard]] bool is_packed(const OnnxModel& model);

/// @throws Error kUnsupported it is packed, so it cannot be pruned and packed again
void require_unpacked(const OnnxModel& model);

/// The packed weights of the sidecar that `model` names, which are those that its graph decodes.
/// @throws Error kIo, kBadFile not a model that tvw packed, or its sidecar is missing, broken, or
/// not what the graph reads
/// @throws Error kVerificationFailed a checksum differs
[[nodiscard]] std::vector<LoadedWeight> load_packed(const OnnxModel& model);

/// Writes a plain dense ONNX with the pruned weights and without decode nodes: the masked model.
/// Uses `model` up.
/// @throws as load_packed and write_masked
void unpack_model(OnnxModel model, const OutputPaths& outputs);

/// That the graph decodes `weights`, load_packed(model), just as write_packed() would write it.
/// What is done with the decoded weights is not looked at.
/// @throws Error kVerificationFailed
void verify_decoding(const OnnxModel& model, const std::vector<LoadedWeight>& weights);

/// Compares load_packed(model) with the source: shapes, checksums of the dense source, and that
/// each kept weight is the source's, bit for bit. Returns how many weights were compared.
/// @throws Error kVerificationFailed
[[nodiscard]] size_t verify_against(const std::vector<LoadedWeight>& weights,
                                    const OnnxModel& source);

/// Compares what was not pruned: initializers of a name that both models have are the same, bit for
/// bit, wherever they are stored. Returns how many.
/// @throws Error kVerificationFailed
[[nodiscard]] size_t verify_unpruned(const OnnxModel& packed, const OnnxModel& source);

}  // namespace tvw::io
