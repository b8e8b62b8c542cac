// `tvw prune MODEL`: flags to a recipe, the library's passes in order, files and a table out.
#include <spdlog/spdlog.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/parse.hpp"
#include "cli/progress.hpp"
#include "cli/prune_job.hpp"
#include "cli/prune_report.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/text.hpp"
#include "tvw/io/masks.hpp"
#include "tvw/io/packed_model.hpp"
#include "tvw/io/write_model.hpp"
#include "tvw/pruning/recipe.hpp"
#include "tvw/pruning/rules.hpp"
#include "tvw/record/json.hpp"

namespace tvw::cli {
namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  tvw prune model.onnx                           TVW at 75 %, model.tvw.onnx and its sidecar\n"
    "  tvw prune model.onnx --pattern 2:4 -o out.onnx\n"
    "  tvw prune model.onnx --sparsity 0.6 --exclude classifier --dry-run\n"
    "  tvw prune model.onnx --emit masked             same graph, zeros in place\n"
    "  tvw prune model.onnx --masks-out masks.safetensors\n"
    "  tvw prune tuned.onnx --masks-in masks.safetensors  the same weights, fine-tuned since\n\n"
    "Patterns: tvw[:g=64,nm=2:4]  tw[:g=64]  N:M (2:4)  block[:b=32]  ew\n"
    "Recipe: {\"pattern\": \"tvw\", \"sparsity\": 0.75, \"scope\": \"global\", \"min_keep\": 0.1,\n"
    "  \"permute\": \"best\", \"split\": \"auto\", \"include\": [\"encoder\"], \"exclude\": "
    "[\"head$\"],\n"
    "  \"overrides\": [{\"match\": \"layer\\\\.0\", \"sparsity\": 0.5, \"pattern\": \"2:4\"}, "
    "{\"match\": \"emb\", \"skip\": true}]}\n"
    "  Every key may be left out; of overrides that match, the last wins, key by key.\n"
    "Magnitude alone costs accuracy at 75 %: check the result on your own data.";

enum class Emit { kPacked, kPackedInline, kMasked };

struct PruneOptions {
  std::string model;
  std::string output;
  std::string recipe;
  std::optional<std::string> pattern, sparsity, scope, score, permute, split;
  std::optional<double> min_keep;
  std::vector<std::string> include, exclude;
  std::string emit = "packed";
  std::string masks_in, masks_out;
  std::string record;
  bool dry_run = false;
  bool force = false;
};

Emit parse_emit(const std::string& text) {
  const std::vector<std::string> names{"packed", "packed-inline", "masked"};
  if (text == names[0]) return Emit::kPacked;
  if (text == names[1]) return Emit::kPackedInline;
  if (text == names[2]) return Emit::kMasked;
  throw Error(ErrorCode::kUsage, unknown_name("--emit", text, names));
}

/// The recipe file, if any, with the flags that were given on top.
pruning::Recipe make_recipe(const PruneOptions& options) {
  pruning::Recipe recipe;
  if (!options.recipe.empty()) recipe = pruning::load_recipe(options.recipe);
  if (options.pattern) recipe.pattern = parse_pattern(*options.pattern);
  if (options.sparsity) recipe.sparsity = parse_sparsity(*options.sparsity);
  if (options.scope) recipe.scope = pruning::parse_scope(*options.scope);
  if (options.score) recipe.score = pruning::parse_score(*options.score);
  if (options.permute) recipe.select.permute = patterns::parse_permute(*options.permute);
  if (options.split) recipe.select.split = patterns::parse_split(*options.split);
  if (options.min_keep) recipe.min_keep = *options.min_keep;
  recipe.include.insert(recipe.include.end(), options.include.begin(), options.include.end());
  recipe.exclude.insert(recipe.exclude.end(), options.exclude.begin(), options.exclude.end());
  if (options.min_keep && recipe.scope != pruning::Scope::kGlobal) {
    spdlog::warn("--min-keep has no effect: scope is {}", name(recipe.scope));
  } else if (options.min_keep && recipe.min_keep > recipe.sparsity.density()) {
    spdlog::warn("--min-keep {:g} counts as {:g}: more is not kept of all weights together",
                 recipe.min_keep, recipe.sparsity.density());
  }
  // What does not fit is said now, before a model is read.
  static_cast<void>(pruning::Rules(recipe));
  if (!options.masks_in.empty()) return recipe;  // no target then
  const Sparsity target = effective_target(recipe.pattern, recipe.sparsity);
  if (options.sparsity && target != recipe.sparsity) {
    spdlog::warn("--sparsity {:g} does not apply to {}, which has {:g}", recipe.sparsity.value(),
                 to_string(recipe.pattern), target.value());
  }
  return recipe;
}

/// What --masks-in decides. With --pattern the recipe's patterns count instead of the file's.
std::optional<std::vector<NamedSelection>> given_masks(const PruneOptions& options,
                                                       const pruning::Recipe& recipe) {
  if (options.masks_in.empty()) return std::nullopt;
  std::vector<NamedSelection> masks = io::load_masks(options.masks_in);
  if (!options.pattern) return masks;
  const auto other = std::ranges::find_if(masks, [&](const NamedSelection& named) {
    return named.pattern && *named.pattern != recipe.pattern;
  });
  if (other != masks.end()) {
    spdlog::warn("{} says that '{}' is {}: --pattern {} counts", options.masks_in, other->name,
                 to_string(*other->pattern), to_string(recipe.pattern));
  }
  for (NamedSelection& named : masks) named.pattern.reset();
  return masks;
}

/// Fine-tuning was to leave alone what the masks drop.
void warn_of_lost_values(const PruneJob& job) {
  int64_t lost = 0, weights = 0;
  std::string first;
  for (const PrunedLayer& layer : job.layers()) {
    if (layer.lost == 0) continue;
    if (weights++ == 0) first = layer.row.name;
    lost += layer.lost;
  }
  if (lost == 0) return;
  const std::string more = weights > 1 ? " and " + std::to_string(weights - 1) + " more" : "";
  spdlog::warn("the masks drop {} values that are not zero, of '{}'{}", lost, first, more);
}

io::OutputPaths outputs_of(const PruneOptions& options, Emit emit) {
  refuse_stdout(options.output, "a pruned model");
  refuse_stdout(options.masks_out, "masks");
  refuse_stdout(options.record, "the record of pruning");
  if (!options.output.empty()) return io::output_paths(options.output);
  check_names_output(options.model);
  std::filesystem::path path(options.model);
  path.replace_extension(emit == Emit::kMasked ? ".masked.onnx" : ".tvw.onnx");
  return io::output_paths(path);
}

/// Before the work: what would be lost by writing these files?
void check_outputs(const io::OnnxModel& model, const io::OutputPaths& outputs,
                   const PruneOptions& options) {
  std::vector<std::filesystem::path> paths;
  if (!options.dry_run) {
    io::check_output(model, outputs, options.force);
    paths = {outputs.model, outputs.sidecar};
  }
  for (const std::string& path : {options.masks_out, options.record}) {
    if (path.empty()) continue;
    io::check_output(model, std::filesystem::path(path), true);
    paths.emplace_back(path);
  }
  std::set<std::filesystem::path> taken;
  for (const std::filesystem::path& path : paths) {
    check_result_path(path.string(), std::vector{options.recipe, options.masks_in});
    if (!taken.insert(std::filesystem::weakly_canonical(std::filesystem::absolute(path))).second) {
      throw Error(ErrorCode::kUsage, path.string() + " is to be written as two different files");
    }
  }
}

/// Moves the selections out of the job.
void write_masks(PruneJob& job, const std::string& path, OutputSet& files) {
  std::vector<NamedSelection> masks;
  for (PrunedLayer& layer : job.layers()) {
    masks.push_back({layer.row.name, layer.pattern, std::move(layer.selection)});
  }
  io::write_masks(masks, path, files);
}

std::vector<std::filesystem::path> write_model(io::OnnxModel model, PruneJob& job, Emit emit,
                                               const io::OutputPaths& outputs, OutputSet& files) {
  if (emit == Emit::kMasked) {
    std::vector<io::MaskedWeight> masked;
    for (const PrunedLayer& layer : job.layers()) {
      masked.push_back({layer.weight, &layer.selection.mask});
    }
    return io::write_masked(std::move(model), masked, outputs, files);
  }
  std::vector<io::PackedWeight> packed;
  for (PrunedLayer& layer : job.layers()) {
    packed.push_back({layer.weight, layer.pattern, std::move(*layer.packed)});
  }
  const auto decode = emit == Emit::kPacked ? io::Decode::kFunctions : io::Decode::kInline;
  return io::write_packed(std::move(model), packed, outputs, decode, files);
}

/// What is wrong with a mask is said with the name of its file.
void run_job(PruneJob& job, const PruneOptions& options, const Settings& settings) {
  Progress bar(settings);
  try {
    job.run([&bar](double done, double total, const std::string& what) {
      bar.update(done, total, what);
    });
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kPatternMismatch || options.masks_in.empty()) throw;
    throw Error(error.code(), options.masks_in + ": " + error.what());
  }
}

void run_prune(const PruneOptions& options, const Settings& settings) {
  const auto start = std::chrono::steady_clock::now();
  const Emit emit = parse_emit(options.emit);
  if (options.dry_run && !options.masks_out.empty()) {
    throw Error(ErrorCode::kUsage, "--masks-out writes a file, --dry-run none: give one of them");
  }
  const pruning::Recipe recipe = make_recipe(options);
  const auto given = given_masks(options, recipe);
  const io::OutputPaths outputs = outputs_of(options, emit);
  io::OnnxModel model = io::load_onnx(options.model);
  for (const std::string& warning : model.warnings()) spdlog::warn("{}", warning);
  check_outputs(model, outputs, options);
  if (emit != Emit::kMasked) {
    io::require_unpacked(model);
    model.raise_for_packing();
  }

  const bool masked = emit == Emit::kMasked;
  PruneJob job(model, recipe, given,
               {.packed = !masked, .selections = masked || !options.masks_out.empty()});
  run_job(job, options, settings);
  if (given) warn_of_lost_values(job);
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  record::PruneRecord record = make_record(model, job, recipe, settings.argv);
  if (given) state_given(record);
  record.seconds = elapsed.count();
  OutputSet files;
  if (!options.dry_run) {
    const auto written = write_model(std::move(model), job, emit, outputs, files);
    for (const std::filesystem::path& path : written) record.outputs.push_back(path.string());
    if (!options.masks_out.empty()) write_masks(job, options.masks_out, files);
    std::error_code error;
    if (written.back() != outputs.sidecar && std::filesystem::exists(outputs.sidecar, error)) {
      spdlog::warn("{} is of an earlier run: {} does not need it", outputs.sidecar.string(),
                   outputs.model.string());
    }
  }
  if (!options.record.empty()) record::write_text(record::to_json(record), options.record, files);
  files.commit();
  print(summary_table(record));
}

}  // namespace

void add_prune(CLI::App& app, const Settings& settings) {
  auto options = std::make_shared<PruneOptions>();
  CLI::App* command =
      app.add_subcommand("prune", "Prune the weights of an ONNX model and pack what is left");
  command->add_option("model", options->model, "Input .onnx; never changed")->required();
  command->add_option("-o,--output", options->output,
                      "Output .onnx; large tensors go to .safetensors beside it");
  command->add_option("--pattern", options->pattern, "What is pruned together (default tvw)");
  std::vector<CLI::Option*> decisions;
  const auto decides = [&](CLI::Option* option) {
    decisions.push_back(option);
    return option;
  };
  decides(command->add_option("--sparsity", options->sparsity, "Share of zeros (default 0.75)"));
  decides(command->add_option(
      "--scope", options->scope,
      "uniform: each weight alike (default); global: all weights share the target"));
  decides(
      command->add_option("--min-keep", options->min_keep,
                          "With --scope global: share of each weight that is kept at least (0.1)"))
      ->check(CLI::Range(0.0, 1.0) & CLI::Validator(not_nan, "", ""));
  decides(
      command->add_option("--score", options->score, "What makes a weight important: magnitude"));
  decides(command->add_option("--permute", options->permute,
                              "Search for tiles and row orders: off, fast (default), best"));
  decides(command->add_option("--split", options->split,
                              "TW and TVW, between columns and rows: auto (default), equal"));
  command->add_option("--include", options->include, "Only weights that match this regex")
      ->allow_extra_args(false);
  command->add_option("--exclude", options->exclude, "No weights that match this regex")
      ->allow_extra_args(false);
  command
      ->add_option(
          "--recipe", options->recipe,
          "JSON file with all of this; flags win. `overrides` are for weights by name, see below")
      ->check(CLI::Validator(names_a_file, "", ""));
  command->add_option("--emit", options->emit, "packed, packed-inline or masked")
      ->capture_default_str();
  CLI::Option* masks_in = command->add_option(
      "--masks-in", options->masks_in,
      "Prune by masks as --masks-out writes them, e.g. after fine-tuning under them; of a recipe "
      "only what it leaves out counts");
  masks_in->check(CLI::Validator(names_a_file, "", ""));
  for (CLI::Option* option : decisions) masks_in->excludes(option);
  command->add_option("--masks-out", options->masks_out,
                      "Write the masks, with the tiles they are of, as safetensors");
  command->add_option("--record", options->record, "Write what was done, as JSON");
  command->add_flag("--dry-run", options->dry_run, "Decide and report, write no model");
  command->add_flag("--force", options->force, "Replace existing outputs");
  command->footer(kFooter);
  command->callback([options, &settings] { run_prune(*options, settings); });
}

}  // namespace tvw::cli
