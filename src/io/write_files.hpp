/// @file The last step of both writers: sidecar and model to disk.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "io/data_mover.hpp"
#include "tvw/io/write_model.hpp"

namespace tvw::io {

/// Both files are complete before either gets its name; the sidecar gets it first. No sidecar is
/// written for a mover that is empty. Returns what was written.
/// @throws Error kIo; nothing new is left behind, unless the second rename fails where the first
/// did not
std::vector<std::filesystem::path> write_files(onnx::ModelProto& model, DataMover& mover,
                                               const std::map<std::string, std::string>& metadata,
                                               const OutputPaths& outputs);

}  // namespace tvw::io
