#include "io/external_data.hpp"
#include "io/find_tensor.hpp"
#include "io/model_state.hpp"
#include "io/tensor.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/output_path.hpp"
#include "tvw/io/write_model.hpp"

namespace tvw::io {
void check_output(const OnnxModel& source, const std::filesystem::path& output, bool force) {
  static_cast<void>(resolve_output(output));
  if (same_file(output, source.path())) {
    throw Error(ErrorCode::kIo, output.string() + " is the input, which is never overwritten");
  }
  for (const onnx::TensorProto* tensor : all_tensors(source.state().proto)) {
    if (!is_external(*tensor)) continue;
    const ExternalData data = locate(*tensor, source.path().parent_path(), data_bytes(*tensor));
    if (same_file(output, data.file)) {
      throw Error(ErrorCode::kIo,
                  output.string() + " holds the input's external data, which is never overwritten");
    }
  }
  std::error_code error;
  if (!force && std::filesystem::exists(output, error)) {
    throw Error(ErrorCode::kIo, output.string() + " exists, --force replaces it");
  }
}

void check_output(const OnnxModel& source, const OutputPaths& outputs, bool force) {
  if (outputs.model == outputs.sidecar) {
    throw Error(ErrorCode::kIo, "the model and its sidecar would both be " +
                                    outputs.model.string() + ", name the model *.onnx");
  }
  for (const auto& output : {outputs.model, outputs.sidecar}) check_output(source, output, force);
}

}  // namespace tvw::io
