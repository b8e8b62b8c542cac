#include "io/write_files.hpp"

#include <fcntl.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <optional>

#include "io/tensor.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/output_path.hpp"

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

/// Makes the names durable; the data is already. Some file systems cannot, which loses nothing
/// here.
void sync_folder(const std::filesystem::path& file) {
  const int descriptor = open(folder_of(file).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  static_cast<void>(fsync(descriptor));
  close(descriptor);
}

}  // namespace

std::vector<std::filesystem::path> write_files(onnx::ModelProto& model, DataMover& mover,
                                               const std::map<std::string, std::string>& metadata,
                                               const OutputPaths& outputs) {
  std::vector<std::filesystem::path> written = {outputs.model};
  std::optional<AtomicFile> sidecar;
  if (!mover.empty()) {
    sidecar.emplace(outputs.sidecar);
    mover.write(*sidecar, outputs.sidecar.filename().string(), metadata);
    written.push_back(outputs.sidecar);
  }
  AtomicFile file(outputs.model);
  write_proto(model, file, outputs.model);
  if (sidecar) sidecar->commit();
  file.commit();
  sync_folder(outputs.model);
  return written;
}

OutputPaths output_paths(const std::filesystem::path& model) {
  std::filesystem::path sidecar = model;
  if (sidecar.extension() == ".onnx") sidecar.replace_extension();
  sidecar += ".safetensors";  // out.v1 and out.v2 have one each
  return {model, sidecar};
}

}  // namespace tvw::io
