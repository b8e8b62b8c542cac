// Groups rows into settings, takes the fastest executor of each pattern per layer, and averages.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "report/break_even.hpp"
#include "tvw/record/statistics.hpp"
#include "tvw/report/report.hpp"

namespace tvw::report {
namespace {

using record::BenchRow;
using record::RowRole;
using record::RowStatus;

using Rows = std::vector<const BenchRow*>;

bool is_dense(const BenchRow& row) { return row.role == RowRole::kDense; }
bool is_block(const BenchRow& row) { return row.format == "block-ell"; }
bool is_unstructured(const BenchRow& row) { return row.format == "csr"; }

/// The fastest timed row that `accept` takes; null if there is none.
template <class Accept>
const BenchRow* fastest(const Rows& rows, const Accept& accept) {
  const BenchRow* best = nullptr;
  for (const BenchRow* row : rows) {
    if (row->status != RowStatus::kTimed || !accept(*row)) continue;
    if (best == nullptr || *row->median_us < *best->median_us) best = row;
  }
  return best;
}

/// Baseline time / this time; by rounds where both were timed in the same ones.
std::optional<double> ratio(const BenchRow* baseline, const BenchRow& row) {
  if (baseline == nullptr) return std::nullopt;
  if (!row.samples_us.empty() && baseline->samples_us.size() == row.samples_us.size()) {
    return record::paired_ratio(baseline->samples_us, row.samples_us);
  }
  return *baseline->median_us / *row.median_us;
}

/// Rows of one workload in one setting, by layer in the order of the run.
struct Setting {
  std::string workload, epilogue, device, dtype, cache;
  int64_t M = 0;  ///< 0: the layers differ
  std::vector<std::pair<std::string, Rows>> layers;
};

/// Layers whose rows have several M (tokens, as chosen) make one setting for each M; a layer with
/// one M (pixels) is in all of them.
std::vector<Setting> settings_of(const record::BenchRecord& record) {
  using Key = std::tuple<std::string, std::string, std::string, std::string, std::string>;
  std::vector<Key> keys;
  std::map<Key, std::vector<std::pair<std::string, Rows>>> grouped;
  for (const BenchRow& row : record.rows) {
    const Key key{row.workload, row.epilogue, row.device, row.dtype, row.cache};
    auto [found, is_new] = grouped.try_emplace(key);
    if (is_new) keys.push_back(key);
    auto layer = std::ranges::find(found->second, row.layer, [](const auto& l) { return l.first; });
    if (layer == found->second.end()) layer = found->second.insert(layer, {row.layer, {}});
    layer->second.push_back(&row);
  }
  std::vector<Setting> settings;
  for (const Key& key : keys) {
    const auto& layers = grouped[key];
    std::set<int64_t> all, chosen;
    std::map<std::string, std::set<int64_t>> of_layer;
    for (const auto& [layer, rows] : layers) {
      for (const BenchRow* row : rows) of_layer[layer].insert(row->M);
      all.insert(of_layer[layer].begin(), of_layer[layer].end());
      if (of_layer[layer].size() > 1) chosen.insert(of_layer[layer].begin(), of_layer[layer].end());
    }
    if (chosen.empty()) chosen.insert(all.size() == 1 ? *all.begin() : 0);
    for (const int64_t M : chosen) {
      const auto& [workload, epilogue, device, dtype, cache] = key;
      Setting setting{workload, epilogue, device, dtype, cache, M, {}};
      for (const auto& [layer, rows] : layers) {
        Rows here;
        for (const BenchRow* row : rows) {
          if (row->M == M || of_layer[layer].size() == 1) here.push_back(row);
        }
        if (!here.empty()) setting.layers.emplace_back(layer, std::move(here));
      }
      settings.push_back(std::move(setting));
    }
  }
  return settings;
}

/// Accumulates one Speedup. Sums use this time * ratio for the baseline's time, so that noise that
/// both share cancels there too.
class SpeedupSum {
 public:
  void add(const LayerLine& line, const std::optional<double>& over) {
    if (!over) return;
    ratios_.push_back(*over);
    const double time_us = static_cast<double>(line.count) * *line.median_us;
    this_us_ += time_us;
    baseline_us_ += time_us * *over;
  }

  [[nodiscard]] Speedup result() const {
    Speedup speedup;
    speedup.layers = static_cast<int64_t>(ratios_.size());
    if (ratios_.empty()) return speedup;
    speedup.geomean = record::geometric_mean(ratios_);
    speedup.weighted = baseline_us_ / this_us_;
    speedup.worst = *std::ranges::min_element(ratios_);
    speedup.slower_layers = std::ranges::count_if(ratios_, [](double r) { return r < 1.0; });
    return speedup;
  }

 private:
  std::vector<double> ratios_;
  double this_us_ = 0.0;
  double baseline_us_ = 0.0;
};

std::string why_missing(const Rows& candidates) {
  std::string note;
  for (const BenchRow* row : candidates) {
    const std::string reason = record::why_untimed(*row);
    if (note.find(reason) == std::string::npos) note += (note.empty() ? "" : "; ") + reason;
  }
  return note;
}

LayerLine line_of(const Rows& layer, const Rows& candidates, std::optional<double> target) {
  const BenchRow& any = *candidates.front();
  LayerLine line;
  line.layer = any.layer;
  line.count = any.count;
  line.M = any.M;
  line.N = any.N;
  line.K = any.K;
  line.sparsity = any.sparsity;
  line.kept_score = any.kept_score;
  const BenchRow* best = fastest(candidates, [](const BenchRow&) { return true; });
  if (best == nullptr) {
    line.note = why_missing(candidates);
    return line;
  }
  line.sparsity = best->sparsity;
  line.kept_score = best->kept_score;
  line.executor = best->executor;
  line.median_us = best->median_us;
  line.mad_us = best->mad_us;
  line.fraction_of_roofline = best->fraction_of_roofline;
  line.cold_by = best->cold_by;
  const BenchRow* dense = fastest(layer, is_dense);
  if (dense != nullptr) line.dense_executor = dense->executor;
  line.over_dense = best->speedup_vs_dense ? best->speedup_vs_dense : ratio(dense, *best);
  const auto at_target = [&](auto kind) {
    return fastest(layer,
                   [&](const BenchRow& row) { return kind(row) && row.target_sparsity == target; });
  };
  line.over_block = ratio(at_target(is_block), *best);
  line.over_unstructured = ratio(at_target(is_unstructured), *best);
  return line;
}

/// Adds the summary of the rows that `accept` takes, if there are any.
template <class Accept>
void add_summary(std::vector<Summary>& summaries, const Setting& setting, Summary summary,
                 const Accept& accept) {
  summary.workload = setting.workload;
  summary.epilogue = setting.epilogue;
  summary.device = setting.device;
  summary.dtype = setting.dtype;
  summary.cache = setting.cache;
  summary.M = setting.M;
  SpeedupSum over_dense, over_block, over_unstructured;
  double weights = 0.0, zeros = 0.0, scores = 0.0, total_us = 0.0;
  int64_t scored = 0;
  bool complete = true;
  for (const auto& [layer, rows] : setting.layers) {
    Rows candidates;
    std::ranges::copy_if(rows, std::back_inserter(candidates),
                         [&](const BenchRow* row) { return accept(*row); });
    if (candidates.empty()) {
      complete = false;
      continue;
    }
    const LayerLine line = line_of(rows, candidates, summary.target_sparsity);
    over_dense.add(line, line.over_dense);
    over_block.add(line, line.over_block);
    over_unstructured.add(line, line.over_unstructured);
    const double size =
        static_cast<double>(line.count) * static_cast<double>(line.N) * static_cast<double>(line.K);
    weights += size;
    zeros += size * line.sparsity;
    if (line.kept_score) {
      scores += *line.kept_score;
      ++scored;
    }
    if (line.median_us) {
      total_us += static_cast<double>(line.count) * *line.median_us;
    } else {
      complete = false;
    }
    summary.layers.push_back(line);
  }
  if (summary.layers.empty()) return;
  summary.mean_sparsity = zeros / weights;
  if (scored > 0) summary.mean_kept_score = scores / static_cast<double>(scored);
  if (complete) summary.total_us = total_us;
  summary.over_dense = over_dense.result();
  summary.over_block = over_block.result();
  summary.over_unstructured = over_unstructured.result();
  summaries.push_back(std::move(summary));
}

void summarise_setting(const Setting& setting, std::vector<Summary>& summaries) {
  struct Kind {
    std::string pattern, layout;
    std::optional<double> target;
    bool operator==(const Kind&) const = default;
  };
  std::vector<Kind> kinds;
  std::vector<std::optional<double>> targets;  // of subjects
  for (const auto& [layer, rows] : setting.layers) {
    for (const BenchRow* row : rows) {
      if (is_dense(*row)) continue;
      const Kind kind{row->pattern, row->layout, row->target_sparsity};
      if (std::ranges::find(kinds, kind) == kinds.end()) kinds.push_back(kind);
      if (row->role == RowRole::kSubject &&
          std::ranges::find(targets, row->target_sparsity) == targets.end()) {
        targets.push_back(row->target_sparsity);
      }
    }
  }
  for (const Kind& kind : kinds) {
    Summary summary;
    summary.pattern = kind.pattern;
    summary.layout = kind.layout;
    summary.target_sparsity = kind.target;
    add_summary(summaries, setting, summary, [&](const BenchRow& row) {
      return !is_dense(row) && row.pattern == kind.pattern && row.layout == kind.layout &&
             row.target_sparsity == kind.target;
    });
  }
  for (const std::optional<double>& target : targets) {
    Summary summary;
    summary.pattern = "auto";
    summary.layout = "any";
    summary.target_sparsity = target;
    add_summary(summaries, setting, summary, [&](const BenchRow& row) {
      return is_dense(row) || (row.role == RowRole::kSubject && row.target_sparsity == target);
    });
  }
}

}  // namespace

Report summarise(std::span<const NamedRecord> records) {
  Report report;
  for (const NamedRecord& named : records) {
    report.sources.push_back(named.source);
    report.environments.push_back(named.record.environment);
    for (const BenchRow& row : named.record.rows) {
      ++report.rows;
      if (row.status == RowStatus::kSkipped) ++report.skipped_rows;
      if (row.status == RowStatus::kWrong) ++report.wrong_rows;
    }
    for (const Setting& setting : settings_of(named.record)) {
      const size_t before = report.summaries.size();
      summarise_setting(setting, report.summaries);
      for (size_t i = before; i < report.summaries.size(); ++i) {
        report.summaries[i].source = named.source;
      }
    }
  }
  report.break_evens = break_evens(report.summaries);
  return report;
}

}  // namespace tvw::report
