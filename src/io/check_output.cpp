#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "io/external_data.hpp"
#include "io/find_tensor.hpp"
#include "io/model_state.hpp"
#include "io/tensor.hpp"
#include "tvw/core/error.hpp"
#include "tvw/io/write_model.hpp"

namespace tvw::io {
namespace {

bool same_file(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code error;
  return std::filesystem::equivalent(a, b, error) && !error;
}

void check_folder(const std::filesystem::path& output) {
  const std::filesystem::path folder = output.has_parent_path() ? output.parent_path() : ".";
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error)) {
    throw Error(ErrorCode::kIo, "cannot write " + output.string() + ": the folder " +
                                    folder.string() + " does not exist");
  }
  if (access(folder.c_str(), W_OK) != 0) {
    throw Error(ErrorCode::kIo,
                "cannot write to the folder " + folder.string() + ": " + std::strerror(errno));
  }
}

}  // namespace

void check_output(const OnnxModel& source, const OutputPaths& outputs, bool force) {
  if (outputs.model == outputs.sidecar) {
    throw Error(ErrorCode::kIo, "the model and its sidecar would both be " +
                                    outputs.model.string() + ", name the model *.onnx");
  }
  for (const auto& output : {outputs.model, outputs.sidecar}) {
    check_folder(output);
    if (same_file(output, source.path())) {
      throw Error(ErrorCode::kIo, output.string() + " is the input, which is never overwritten");
    }
    for (const onnx::TensorProto* tensor : all_tensors(source.state().proto)) {
      if (!is_external(*tensor)) continue;
      const ExternalData data = locate(*tensor, source.path().parent_path(), data_bytes(*tensor));
      if (same_file(output, data.file)) {
        throw Error(
            ErrorCode::kIo,
            output.string() + " holds the input's external data, which is never overwritten");
      }
    }
    std::error_code error;
    if (std::filesystem::is_directory(output, error)) {
      throw Error(ErrorCode::kIo, output.string() + " is a directory");
    }
    if (!force && std::filesystem::exists(output, error)) {
      throw Error(ErrorCode::kIo, output.string() + " exists, --force replaces it");
    }
  }
}

}  // namespace tvw::io
