#include "io/write_files.hpp"

#include <google/protobuf/io/zero_copy_stream_impl.h>

#include <cerrno>
#include <cstring>
#include <limits>

#include "io/tensor.hpp"
#include "tvw/core/error.hpp"

namespace tvw::io {
namespace {

void write_proto(const onnx::ModelProto& model, AtomicFile& file,
                 const std::filesystem::path& path) {
  if (model.ByteSizeLong() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    throw Error(ErrorCode::kIo, "cannot write " + path.string() +
                                    ": the graph alone is larger than 2 GiB, protobuf's limit");
  }
  google::protobuf::io::FileOutputStream stream(file.descriptor());
  if (!model.SerializeToZeroCopyStream(&stream) || !stream.Flush()) {
    throw Error(ErrorCode::kIo,
                "cannot write " + path.string() + ": " +
                    std::strerror(stream.GetErrno() != 0 ? stream.GetErrno() : EIO));
  }
  file.finish();
}

}  // namespace

std::vector<std::filesystem::path> write_files(onnx::ModelProto& model, DataMover& mover,
                                               const std::map<std::string, std::string>& metadata,
                                               const OutputPaths& outputs, OutputSet& files) {
  std::vector<std::filesystem::path> written = {outputs.model};
  if (!mover.empty()) {
    mover.write(files.add(outputs.sidecar), outputs.sidecar.filename().string(), metadata);
    written.push_back(outputs.sidecar);
  }
  write_proto(model, files.add(outputs.model), outputs.model);
  return written;
}

OutputPaths output_paths(const std::filesystem::path& model) {
  std::filesystem::path sidecar = model;
  if (sidecar.extension() == ".onnx") sidecar.replace_extension();
  sidecar += ".safetensors";  // out.v1 and out.v2 have one each
  return {model, sidecar};
}

}  // namespace tvw::io
