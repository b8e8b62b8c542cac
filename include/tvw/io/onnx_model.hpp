/// @file An ONNX model as a list of GEMM-shaped weights B[K, N]. Protobuf types stay inside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tvw/core/dtype.hpp"
#include "tvw/core/typed_buffer.hpp"

namespace tvw::io {

/// A constant tensor that at least one GEMM-shaped node multiplies by.
struct WeightInfo {
  std::string name;  ///< of the stored tensor: initializer, or output of a Constant node
  std::string op;    ///< of its first use: "MatMul", "Gemm", "Conv", "LSTM", ...
  std::vector<std::string> nodes;  ///< names of the nodes that use it as a weight
  std::vector<int64_t> dims;       ///< as stored
  int64_t K = 0;                   ///< 0 if it is not a matrix (then it is not prunable)
  int64_t N = 0;
  DType dtype = DType::kF32;  ///< of the stored elements; valid if prunable
  std::string dtype_name;     ///< also for types that cannot be pruned: "float", "int8", ...
  bool transposed = false;    ///< stored as [N, K], e.g. Gemm with transB, Conv
  bool prunable = false;
  std::string reason;  ///< why not, in one sentence; empty if prunable
};

class OnnxModel {
 public:
  OnnxModel(OnnxModel&&) noexcept;
  OnnxModel& operator=(OnnxModel&&) noexcept;
  ~OnnxModel();

  [[nodiscard]] const std::filesystem::path& path() const;
  [[nodiscard]] const std::vector<WeightInfo>& weights() const;
  /// What a user should know, e.g. that the model is newer than the linked onnx.
  [[nodiscard]] const std::vector<std::string>& warnings() const;
  [[nodiscard]] int64_t initializer_elements() const;  ///< of all stored tensors
  [[nodiscard]] int64_t initializer_bytes() const;

  /// Weight i as B[K, N], its bits unchanged, wherever it is stored. O(K * N), a new copy each
  /// time. REQUIRES: weights()[i].prunable.
  /// @throws Error kIo, kBadFile external data that went away since the model was loaded
  [[nodiscard]] DenseMatrix read_weight(size_t i) const;

  /// Raises IR to 8 and the opset to 11, which packed output needs. Weights are listed anew.
  /// @throws Error kUnsupported the version converter of onnx cannot; names `--emit masked`
  void raise_for_packing();

  struct State;  ///< protobuf inside; src/io only
  explicit OnnxModel(std::unique_ptr<State> state);
  [[nodiscard]] State& state() { return *state_; }
  [[nodiscard]] const State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

/// Reads the graph and checks every stored tensor: type, dims, size, where its external data is.
/// Holds one copy of inline tensors; external data is read when it is asked for.
/// @throws Error kIo cannot be read
/// @throws Error kBadFile not an ONNX model, or a tensor in it is inconsistent; names both
[[nodiscard]] OnnxModel load_onnx(const std::filesystem::path& path);

}  // namespace tvw::io
