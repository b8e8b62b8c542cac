// `tvw verify MODEL.tvw.onnx [--against MODEL.onnx]`: is the packed model what it says?
#include <memory>
#include <string>

#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "tvw/io/packed_model.hpp"

namespace tvw::cli {
namespace {

struct VerifyOptions {
  std::string model;
  std::string against;
};

void run_verify(const VerifyOptions& options) {
  const io::OnnxModel model = io::load_onnx(options.model);
  const std::vector<io::LoadedWeight> weights = io::load_packed(model);
  io::verify_decoding(model, weights);
  std::string compared;
  if (!options.against.empty()) {
    const io::OnnxModel source = io::load_onnx(options.against);
    static_cast<void>(io::verify_against(weights, source));
    const size_t others = io::verify_unpruned(model, source);
    compared = ", each kept value is that of " + options.against + ", and so are " +
               std::to_string(others) + " tensors that were not pruned";
  }
  print("ok: " + std::to_string(weights.size()) +
        " packed weights, format, checksums and decoding right" + compared + "\n");
}

}  // namespace

void add_verify(CLI::App& app, const Settings& /*settings*/) {
  auto options = std::make_shared<VerifyOptions>();
  CLI::App* command =
      app.add_subcommand("verify", "Check a packed model: format, checksums, decoding, values");
  command->add_option("model", options->model, "A model packed by `tvw prune`")->required();
  command->add_option("--against", options->against, "The model that it was pruned from");
  command->footer("Example:\n  tvw verify model.tvw.onnx --against model.onnx");
  command->callback([options] { run_verify(*options); });
}

}  // namespace tvw::cli
