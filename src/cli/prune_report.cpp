#include "cli/prune_report.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "cli/output.hpp"
#include "cli/versions.hpp"
#include "tvw/core/text.hpp"

namespace tvw::cli {
namespace {

constexpr size_t kMaxNameWidth = 48;

double ratio(int64_t part, int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

void add_pruned(record::PruneTotals& totals, const PrunedLayer& layer) {
  totals.weights += layer.row.K * layer.row.N;
  totals.kept_weights += layer.kept;
  totals.bytes_before += layer.row.bytes_before;
  totals.bytes_after += layer.row.bytes_after;
}

void finish(record::PruneTotals& totals) {
  totals.sparsity = 1.0 - ratio(totals.kept_weights, totals.weights);
  if (totals.weights == 0) totals.sparsity = 0.0;
}

/// The end of a long name tells more than its beginning.
std::string short_name(const std::string& name) {
  if (name.size() <= kMaxNameWidth) return cell(name);
  return cell("..." + name.substr(name.size() - kMaxNameWidth + 3));
}

std::string percent(double share) { return fmt::format("{:.2f} %", 100.0 * share); }

}  // namespace

record::PruneRecord make_record(const io::OnnxModel& model, const PruneJob& job,
                                const pruning::Recipe& recipe,
                                const std::vector<std::string>& argv) {
  record::PruneRecord record;
  record.environment = record::collect_environment(library_versions());
  record.argv = argv;
  record.source = model.path().string();
  record.pattern = to_string(recipe.pattern);
  record.scope = pruning::name(recipe.scope);
  record.score = pruning::name(recipe.score);
  record.target_sparsity = recipe.sparsity.value();
  double kept_scores = 0.0;
  for (const PrunedLayer& layer : job.layers()) {
    record.rows.push_back(layer.row);
    add_pruned(record.pruned, layer);
    kept_scores += layer.row.kept_score.value_or(0.0);
  }
  record.rows.insert(record.rows.end(), job.skipped().begin(), job.skipped().end());
  if (!job.layers().empty()) {
    record.pruned.mean_kept_score = kept_scores / static_cast<double>(job.layers().size());
  }
  const int64_t dropped = record.pruned.weights - record.pruned.kept_weights;
  record.model.weights = model.initializer_elements();
  record.model.kept_weights = record.model.weights - dropped;
  record.model.bytes_before = model.initializer_bytes();
  record.model.bytes_after =
      record.model.bytes_before - record.pruned.bytes_before + record.pruned.bytes_after;
  finish(record.pruned);
  finish(record.model);
  return record;
}

void state_given(record::PruneRecord& record) {
  std::vector<std::string> patterns;
  for (const auto& row : record.rows) {
    if (!row.pattern.empty() && std::ranges::find(patterns, row.pattern) == patterns.end()) {
      patterns.push_back(row.pattern);
    }
  }
  record.pattern = join(patterns, ", ");
  record.scope = "given";
  record.target_sparsity = record.pruned.sparsity;
}

std::string summary_table(const record::PruneRecord& record) {
  size_t width = 6;
  for (const auto& row : record.rows) width = std::max(width, short_name(row.name).size());
  std::string text =
      fmt::format("{:<{}}  {:<8} {:>14}  {:>9}  {:>10}  {:>8}  {}\n", "weight", width, "op",
                  "[K, N]", "sparsity", "kept score", "bytes", "pattern");
  for (const auto& row : record.rows) {
    text += fmt::format("{:<{}}  {:<8} {:>14}", short_name(row.name), width, cell(row.op),
                        fmt::format("[{}, {}]", row.K, row.N));
    if (!row.skipped_reason.empty()) {
      text += "  not pruned: " + cell(row.skipped_reason) + "\n";
      continue;
    }
    text += fmt::format("  {:>9}  {:>10.4f}  {:>7.3f}x  {}\n", percent(row.sparsity),
                        row.kept_score.value_or(0.0), ratio(row.bytes_after, row.bytes_before),
                        row.pattern);
  }
  text += fmt::format(
      "pruned weights: {} zeros, {} -> {} bytes ({:.3f}x), mean kept score {:.4f}\n",
      percent(record.pruned.sparsity), record.pruned.bytes_before, record.pruned.bytes_after,
      ratio(record.pruned.bytes_after, record.pruned.bytes_before),
      record.pruned.mean_kept_score.value_or(0.0));
  text += fmt::format("whole model:    {} zeros, {} -> {} bytes of tensors\n",
                      percent(record.model.sparsity), record.model.bytes_before,
                      record.model.bytes_after);
  for (const std::string& output : record.outputs) text += "wrote " + cell(output) + "\n";
  return text;
}

}  // namespace tvw::cli
