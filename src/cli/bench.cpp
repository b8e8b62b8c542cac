// `tvw bench [MODEL.tvw.onnx]`: flags to a BenchRequest, a record to a file, a table to stdout.
#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/bench_model.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/parse.hpp"
#include "cli/progress.hpp"
#include "cli/versions.hpp"
#include "tvw/bench/roofline.hpp"
#include "tvw/bench/run.hpp"
#include "tvw/bench/tuning.hpp"
#include "tvw/bench/workload.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/core/text.hpp"
#include "tvw/io/packed_model.hpp"
#include "tvw/record/json.hpp"
#include "tvw/report/report.hpp"

namespace tvw::cli {
namespace {

constexpr const char* kFooter =
    "Without a model the layers are those of a workload, with random weights. Dense always runs;\n"
    "block and unstructured (CSR) run beside the named patterns unless --baselines says "
    "otherwise.\n"
    "The record goes to run.json (run-2.json, ... if that exists) or where -o says.\n"
    "A workload file has a line `M N K count layer` for each layer; an M of `*` takes --m,\n"
    "one that is a number (pixels of an image) is multiplied by --batch.\n\n"
    "Examples:\n"
    "  tvw bench --pattern tvw                              bert-base at 75 %\n"
    "  tvw bench --pattern tvw,tw,2:4 --workload resnet50   several patterns side by side\n"
    "  tvw bench model.tvw.onnx                             the model's own weights\n"
    "  tvw bench --epilogue bias+gelu                       as in a feed-forward layer\n"
    "  tvw bench --list                                     which executor takes what, and why "
    "not\n"
    "  tvw bench --tune                                     executors choose by measurement\n"
    "  tvw bench --roofline --device cpu                    peak rate and memory bandwidth\n"
    "  tvw bench --pattern tvw -o - | tvw report /dev/stdin record to stdout";

constexpr double kLeastSeconds = 1e-3, kMostSeconds = 1e5;

/// Every reader of a record can say it: JSON's numbers are doubles to many. As a signed number, for
/// of an unsigned one CLI11 takes -1.
constexpr int64_t kLargestSeed = int64_t{1} << 53;

struct BenchOptions {
  std::string model;
  std::string patterns = "tvw";
  std::string baselines;
  std::string sparsities = "0.75";
  std::string workload = "bert-base";
  std::string M;
  std::string dtype;
  std::string device = "auto";
  std::string caches = "both";
  std::string layouts;
  std::string epilogue = "none";
  std::string executors;
  int64_t batch = 1;
  double time_budget_s = 4.0;
  uint64_t seed = 1;
  bool list = false;
  bool roofline = false;
  bool tune = false;
  std::string output;
};

/// Options that a model leaves nothing to say for.
void warn_of_no_effect(const CLI::App& command, const std::string& model, bool packed) {
  std::vector<std::string> names = {"--workload"};
  if (packed) names.insert(names.end(), {"--pattern", "--sparsity"});
  for (const std::string& option : names) {
    if (command.count(option) == 0) continue;
    spdlog::warn("{} has no effect: layers and weights are those of {}", option, cell(model));
  }
}

bench::BenchRequest make_request(const CLI::App& command, const BenchOptions& options,
                                 const Settings& settings, kernels::DeviceKind device) {
  bench::BenchRequest request;
  request.workload = options.workload;
  const PatternSpec defaults = bench::default_pattern(device);
  request.patterns = bench::parse_subjects(options.patterns, defaults);
  request.baselines = options.baselines.empty()
                          ? bench::default_baselines(device)
                          : bench::parse_baselines(options.baselines, defaults);
  request.sparsities = parse_sparsities(options.sparsities);
  if (!options.M.empty()) request.M = parse_counts("--m", options.M);
  request.batch = options.batch;
  if (!options.dtype.empty()) request.dtype = parse_dtype(options.dtype);
  request.device = options.device;
  if (!options.layouts.empty()) request.layouts = bench::parse_layouts(options.layouts);
  request.epilogue = bench::parse_epilogue(options.epilogue);
  request.caches = bench::parse_cache_states(options.caches);
  if (!options.executors.empty()) request.executors = split(options.executors, ',');
  request.threads = settings.threads;
  request.stopping.time_budget_s = options.time_budget_s;
  request.seed = options.seed;
  if (options.tune) request.tuning_file = bench::default_tuning_file();
  request.argv = settings.argv;
  request.libraries = library_versions();
  if (!options.model.empty()) {
    request.workload = options.model;
    io::OnnxModel model = io::load_onnx(options.model);
    if (!options.output.empty() && options.output != "-") {
      io::check_output(model, std::filesystem::path(options.output), true);
    }
    const bool packed = io::is_packed(model);
    warn_of_no_effect(command, options.model, packed);
    request.layers = packed ? packed_layers(model) : dense_layers(std::move(model));
    if (packed) request.patterns.clear();
  }
  return request;
}

void print_answers(const std::vector<bench::ExecutorAnswer>& answers) {
  for (const bench::ExecutorAnswer& answer : answers) {
    std::string sparsity;
    if (answer.target_sparsity) sparsity = fmt::format(" at {:g}", *answer.target_sparsity);
    std::cout << cell(answer.layer) << "  M=" << answer.M << " N=" << answer.N << " K=" << answer.K
              << "  " << answer.pattern << sparsity << " (" << answer.format << ", "
              << answer.layout << ")  " << (answer.executor.empty() ? "-" : answer.executor) << "  "
              << (answer.ok ? "yes" : "no") << (answer.reason.empty() ? "" : ": ")
              << cell(answer.reason) << "\n";
  }
}

/// Measures them now, even if they are known; the larger ones are kept.
void print_peaks(kernels::Device& device, int threads) {
  std::cout << "device  dtype  GFLOP/s  GB/s  last-level cache, bytes\n";
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    const auto peaks = bench::raise_peaks(device, dtype, threads, bench::default_peaks_file());
    if (!peaks) continue;
    std::cout << cell(device.id()) << "  " << name(dtype) << "  " << std::llround(peaks->gflops)
              << "  " << std::llround(peaks->bandwidth_gbs) << "  " << peaks->cache_bytes << "\n";
  }
}

/// What it returns draws on `bar`.
bench::ProgressCallback drawn_on(Progress& bar) {
  return [&bar](const bench::Progress& progress) {
    bar.update(static_cast<double>(progress.done), static_cast<double>(progress.total),
               progress.what);
  };
}

/// Without dense there is no speed-up to see, and the reason is in the record only.
void warn_if_no_dense(const record::BenchRecord& record) {
  std::string reason;
  for (const record::BenchRow& row : record.rows) {
    if (row.role != record::RowRole::kDense) continue;
    if (row.status == record::RowStatus::kTimed) return;
    if (reason.empty()) reason = record::why_untimed(row);
  }
  spdlog::warn("nothing dense to compare with: {}", cell(reason));
}

void run_bench_command(const CLI::App& command, const BenchOptions& options,
                       const Settings& settings) {
  const kernels::Registry registry = kernels::Registry::discover();
  if (options.roofline) {
    print_peaks(registry.device(options.device), thread_count());
    return;
  }
  const std::string output = options.output.empty() ? unused_path("run.json") : options.output;
  if (!options.list) check_result_path(output, std::span(&options.workload, 1));
  const bench::BenchRequest request =
      make_request(command, options, settings, registry.device(options.device).kind());
  if (options.list) {
    std::vector<bench::ExecutorAnswer> answers;
    {
      Progress bar(settings);
      answers = bench::list_executors(request, registry, drawn_on(bar));
    }
    print_answers(answers);
    return;
  }
  record::BenchRecord record;
  {
    Progress bar(settings);
    record = bench::run_bench(request, registry, drawn_on(bar));
  }
  write_result(record::to_json(record), output);
  if (output != "-") {
    const report::NamedRecord named{output, record};
    print(report::render(report::summarise({&named, 1}), report::Format::kMarkdown));
    spdlog::info("record written to {}", output);
  }
  warn_if_no_dense(record);
  if (record::has_wrong_result(record)) {
    throw Error(
        ErrorCode::kVerificationFailed,
        "an executor gave a wrong result, and times of it do not count; see status \"wrong\" in " +
            (output == "-" ? "the record" : output));
  }
}

}  // namespace

void add_bench(CLI::App& app, const Settings& settings) {
  auto options = std::make_shared<BenchOptions>();
  CLI::App* command =
      app.add_subcommand("bench", "Measure what a pattern buys against dense on this machine");
  command->add_option("model", options->model, "An ONNX model, packed by `tvw prune` or not");
  command
      ->add_option("--pattern", options->patterns, "tvw, tw, 2:4, block, csr; several with commas")
      ->capture_default_str();
  command
      ->add_option("--baselines", options->baselines,
                   "Patterns to compare with, or none (block,csr; on a GPU blocks of 16 to 128)")
      ->capture_default_str();
  command->add_option("--sparsity", options->sparsities, "Shares of zeros, several with commas")
      ->capture_default_str();
  command
      ->add_option("--workload", options->workload,
                   join(bench::workload_names(), ", ") + " or a file of shapes")
      ->capture_default_str();
  command->add_option("--m", options->M, "Rows (tokens), several with commas");
  command->add_option("--batch", options->batch, "Inputs per run where the workload counts pixels")
      ->check(CLI::Range(int64_t{1}, bench::kLargestM))
      ->capture_default_str();
  command->add_option("--dtype", options->dtype, "f32, f16 or bf16");
  command->add_option("--device", options->device, "auto, cpu or cuda:0")->capture_default_str();
  command->add_option("--cache", options->caches, "hot, cold or both")->capture_default_str();
  command->add_option("--layout", options->layouts, "Of activations: token, feature or both");
  command
      ->add_option(
          "--epilogue", options->epilogue,
          "After the product, for dense too: of bias, add (to what C holds) and relu, gelu or\n"
          "gelu-tanh those wanted, joined by +")
      ->capture_default_str();
  command->add_option("--executor", options->executors, "Only these executors, with commas");
  command->add_option("--time", options->time_budget_s, "Seconds per layer and cache state")
      ->check(CLI::Range(kLeastSeconds, kMostSeconds) & CLI::Validator(not_nan, "", ""))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "Of random weights and activations")
      ->check(CLI::Range(int64_t{0}, kLargestSeed))
      ->capture_default_str();
  command->add_flag("--list", options->list,
                    "Say which executor takes which layer, how, or why not");
  command->add_flag("--tune", options->tune,
                    "Executors choose by measurement; ~/.cache/tvw/tuning.json remembers");
  command->add_flag("--roofline", options->roofline,
                    "Measure the device's peaks that results are compared with");
  command->add_option("-o,--output", options->output, "File for the record, '-' for stdout");
  command->footer(kFooter);
  command->callback(
      [command, options, &settings] { run_bench_command(*command, *options, settings); });
}

}  // namespace tvw::cli
