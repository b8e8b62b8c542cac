/// @file Collects what goes into a sidecar and points the model's tensors at their places in it.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "io/proto.hpp"
#include "tvw/core/atomic_file.hpp"
#include "tvw/io/safetensors.hpp"

namespace tvw::io {

/// Inline tensors at least this large move into the sidecar when one is written.
inline constexpr int64_t kMoveBytes = int64_t{1} << 20;

class DataMover {
 public:
  /// `folder`: the source model's, for its external data.
  explicit DataMover(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Adds a tensor whose bytes are `bytes` (not owned; must outlive write()), and returns the name
  /// it got: `name`, or with a number behind it if that is taken. `proto` is pointed at it.
  std::string add(const std::string& name, const std::string& dtype, std::vector<int64_t> shape,
                  std::span<const std::byte> bytes, onnx::TensorProto* proto);
  /// Moves every external tensor of the model, and inline ones of kMoveBytes or more.
  void add_all(onnx::ModelProto& model, bool large_inline_too);

  [[nodiscard]] bool empty() const { return tensors_.empty(); }
  /// Writes the file and points all tensors at `location` in it. finish() was called on `file`.
  void write(AtomicFile& file, const std::string& location,
             const std::map<std::string, std::string>& metadata);

 private:
  void add_graph(onnx::GraphProto& graph, bool large_inline_too);
  void add_nodes(google::protobuf::RepeatedPtrField<onnx::NodeProto>& nodes, bool large_inline_too);
  void add_existing(onnx::TensorProto& tensor, bool large_inline_too);

  std::filesystem::path folder_;
  std::set<std::string> names_{kSafetensorsMetadata};  ///< that are taken
  std::set<const onnx::TensorProto*> known_;
  std::vector<SafetensorsTensor> tensors_;
  std::map<std::string, onnx::TensorProto*> protos_;  ///< by name in the file
};

}  // namespace tvw::io
