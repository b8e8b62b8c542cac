// `tvw unpack MODEL.tvw.onnx`: back to a plain dense ONNX.
#include <filesystem>
#include <memory>
#include <string>

#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "tvw/io/packed_model.hpp"

namespace tvw::cli {
namespace {

struct UnpackOptions {
  std::string model;
  std::string output;
  bool force = false;
};

/// model.tvw.onnx -> model.unpacked.onnx
std::filesystem::path default_output(const std::filesystem::path& model) {
  std::filesystem::path stem = model.stem();
  if (stem.extension() == ".tvw") stem = stem.stem();
  return model.parent_path() / (stem.string() + ".unpacked.onnx");
}

void run_unpack(const UnpackOptions& options) {
  refuse_stdout(options.output, "an unpacked model");
  if (options.output.empty()) check_names_output(options.model);
  const io::OutputPaths outputs =
      io::output_paths(options.output.empty() ? default_output(options.model)
                                              : std::filesystem::path(options.output));
  io::OnnxModel model = io::load_onnx(options.model);
  io::check_output(model, outputs, options.force);
  io::unpack_model(std::move(model), outputs);
  print("wrote " + outputs.model.string() + "\n");
}

}  // namespace

void add_unpack(CLI::App& app, const Settings& /*settings*/) {
  auto options = std::make_shared<UnpackOptions>();
  CLI::App* command =
      app.add_subcommand("unpack", "Turn a packed model back into a plain dense ONNX");
  command->add_option("model", options->model, "A model packed by `tvw prune`")->required();
  command->add_option("-o,--output", options->output,
                      "Output .onnx (default: MODEL.unpacked.onnx)");
  command->add_flag("--force", options->force, "Replace an existing output");
  command->footer("Example:\n  tvw unpack model.tvw.onnx -o dense.onnx");
  command->callback([options] { run_unpack(*options); });
}

}  // namespace tvw::cli
