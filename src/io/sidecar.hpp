/// @file The sidecar: a safetensors file that holds packed weights and is the model's external
/// data.
///
/// Tensors: those of packed_tensors.hpp as `<weight>.<suffix>`, and large tensors of the source
/// under their own names. `__metadata__`:
///   tvw.format   "1.0"; readers refuse another major version and ignore keys that they do not know
///   tvw.weights  JSON list, one object a weight:
///     source (name of the tensor in the source model), dims, pattern, format, K, N, dtype, stored
///     ("KN" or "NK": the source's order), dense_xxh3 (of B[K, N]), tensors {suffix: {name, xxh3}}
/// Checksums are XXH3-128 over the bytes, 32 hexadecimal digits.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "io/packed_tensors.hpp"
#include "tvw/io/packed_model.hpp"
#include "tvw/io/safetensors.hpp"

namespace tvw::io {

inline constexpr const char* kFormatKey = "tvw.format";
inline constexpr const char* kWeightsKey = "tvw.weights";
inline constexpr const char* kFormatVersion = "1.0";

/// A packed weight on its way into the file.
struct SidecarWeight {
  std::string name;
  PatternSpec pattern;
  std::vector<int64_t> dims;  ///< of the source tensor
  bool transposed = false;
  std::string dense_checksum;
  const pack::PackedWeights* packed = nullptr;  ///< not owned
  std::vector<PackedTensor> tensors;            ///< of `packed`
  std::vector<std::string> tensor_names;        ///< in the file, one per tensor
};

[[nodiscard]] std::map<std::string, std::string> sidecar_metadata(
    const std::vector<SidecarWeight>& weights);

/// @throws Error kBadFile not written by tvw, unknown major version, or inconsistent
/// @throws Error kVerificationFailed a checksum differs
[[nodiscard]] std::vector<LoadedWeight> read_sidecar(const SafetensorsFile& file);

}  // namespace tvw::io
