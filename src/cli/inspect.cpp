// `tvw inspect MODEL`: every GEMM-shaped weight, and whether it can be pruned.
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "tvw/core/text.hpp"
#include "tvw/io/onnx_model.hpp"
#include "tvw/io/packed_model.hpp"
#include "tvw/patterns/pattern.hpp"
#include "tvw/patterns/score.hpp"

namespace tvw::cli {
namespace {

/// Patterns that a weight's zeros are compared with, most regular first.
constexpr const char* kKnownPatterns[] = {"2:4", "1:4", "1:2", "block:b=32", "tw:g=64", "tvw:g=64"};
/// Fewer zeros than this are accidents, not a pattern.
constexpr double kLeastZeros = 0.05;

struct InspectOptions {
  std::string model;
  bool json = false;
};

struct InspectedWeight {
  const io::WeightInfo* info = nullptr;
  double zeros = 0.0;                 ///< share; of prunable weights only
  std::vector<std::string> patterns;  ///< that its zeros conform to
};

InspectedWeight inspect(const io::OnnxModel& model, size_t i) {
  InspectedWeight result{&model.weights()[i], 0.0, {}};
  if (!result.info->prunable) return result;
  const Selection nonzero{patterns::nonzero_mask(model.read_weight(i)), std::nullopt};
  result.zeros = nonzero.mask.sparsity();
  if (result.zeros < kLeastZeros) return result;
  for (const char* text : kKnownPatterns) {
    if (patterns::make_pattern(parse_pattern(text))->conforms(nonzero).conforms) {
      result.patterns.emplace_back(text);
    }
  }
  return result;
}

void print_json(const io::OnnxModel& model, const std::vector<InspectedWeight>& weights) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const InspectedWeight& weight : weights) {
    const io::WeightInfo& info = *weight.info;
    nlohmann::ordered_json row{{"name", info.name},
                               {"op", info.op},
                               {"nodes", info.nodes},
                               {"dims", info.dims},
                               {"K", info.K},
                               {"N", info.N},
                               {"dtype", info.dtype_name},
                               {"prunable", info.prunable},
                               {"reason", info.reason}};
    row["zeros"] = info.prunable ? nlohmann::ordered_json(weight.zeros) : nullptr;
    row["conforms_to"] = weight.patterns;
    list.push_back(std::move(row));
  }
  print(nlohmann::ordered_json{{"model", model.path().string()}, {"weights", list}}.dump(
            2, ' ', false, nlohmann::json::error_handler_t::replace) +
        "\n");
}

void print_table(const io::OnnxModel& model, const std::vector<InspectedWeight>& weights) {
  size_t width = 6;
  for (const InspectedWeight& weight : weights) {
    width = std::max(width, cell(weight.info->name).size());
  }
  print(fmt::format("{:<{}}  {:<14} {:>14}  {:<8}  {:>7}  {}\n", "weight", width, "op", "[K, N]",
                    "dtype", "zeros", "prunable"));
  int64_t prunable = 0;
  int64_t elements = 0;
  for (const InspectedWeight& weight : weights) {
    const io::WeightInfo& info = *weight.info;
    const std::string shape = info.K > 0 ? fmt::format("[{}, {}]", info.K, info.N)
                                         : fmt::format("rank {}", info.dims.size());
    const std::string zeros =
        info.prunable ? fmt::format("{:.2f} %", 100.0 * weight.zeros) : std::string("-");
    std::string verdict = info.prunable ? "yes" : "no: " + cell(info.reason);
    if (!weight.patterns.empty()) verdict += ", conforms to " + join(weight.patterns, ", ");
    if (info.nodes.size() > 1) verdict += fmt::format(", used by {} nodes", info.nodes.size());
    print(fmt::format("{:<{}}  {:<14} {:>14}  {:<8}  {:>7}  {}\n", cell(info.name), width,
                      cell(info.op), shape, info.dtype_name, zeros, verdict));
    prunable += info.prunable ? 1 : 0;
    elements += info.prunable ? info.K * info.N : 0;
  }
  print(fmt::format("{} of {} weights prunable, {} of {} stored values\n", prunable, weights.size(),
                    elements, model.initializer_elements()));
}

void run_inspect(const InspectOptions& options) {
  const io::OnnxModel model = io::load_onnx(options.model);
  for (const std::string& warning : model.warnings()) spdlog::warn("{}", warning);
  if (io::is_packed(model)) {
    spdlog::warn("{} holds packed weights, which are not listed: tvw verify counts them",
                 cell(options.model));
  }
  std::vector<InspectedWeight> weights;
  for (size_t i = 0; i < model.weights().size(); ++i) weights.push_back(inspect(model, i));
  if (options.json) {
    print_json(model, weights);
  } else {
    print_table(model, weights);
  }
}

}  // namespace

void add_inspect(CLI::App& app, const Settings& /*settings*/) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* command = app.add_subcommand(
      "inspect", "List every GEMM-shaped weight: shape, zeros, prunable or why not");
  command->add_option("model", options->model, "An ONNX model")->required();
  command->add_flag("--json", options->json, "As JSON");
  command->footer("Example:\n  tvw inspect model.onnx");
  command->callback([options] { run_inspect(*options); });
}

}  // namespace tvw::cli
