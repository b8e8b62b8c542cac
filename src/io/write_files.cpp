#include "io/write_files.hpp"

#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>

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
    throw Error(ErrorCode::kIo, "cannot write " + path.string() + ": " +
                                    std::strerror(stream.GetErrno() != 0 ? stream.GetErrno() : EIO));
  }
  file.finish();
}

}  // namespace

void write_files(onnx::ModelProto& model, DataMover& mover,
                 const std::map<std::string, std::string>& metadata, const OutputPaths& outputs) {
  std::optional<AtomicFile> sidecar;
  if (!mover.empty()) {
    sidecar.emplace(outputs.sidecar);
    mover.write(*sidecar, outputs.sidecar.filename().string(), metadata);
  }
  AtomicFile file(outputs.model);
  write_proto(model, file, outputs.model);
  if (sidecar) sidecar->commit();
  file.commit();
}

OutputPaths output_paths(const std::filesystem::path& model) {
  std::filesystem::path sidecar = model;
  sidecar.replace_extension(".safetensors");
  return {model, sidecar};
}

}  // namespace tvw::io
