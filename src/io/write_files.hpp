/// @file The last step of both writers: sidecar and model.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "io/data_mover.hpp"
#include "tvw/io/write_model.hpp"

namespace tvw::io {

/// Adds both to `files`, the sidecar first; none for a mover that is empty. Returns what was
/// written.
/// @throws Error kIo
std::vector<std::filesystem::path> write_files(onnx::ModelProto& model, DataMover& mover,
                                               const std::map<std::string, std::string>& metadata,
                                               const OutputPaths& outputs, OutputSet& files);

}  // namespace tvw::io
