#include <initializer_list>

#include "report/renderers.hpp"
#include "report/text.hpp"

namespace tvw::report {
namespace {

void add_line(std::string& text, std::initializer_list<std::string> cells) {
  bool first = true;
  for (const std::string& cell : cells) {
    if (!first) text += ',';
    first = false;
    text += csv_cell(cell);
  }
  text += '\n';
}

/// Empty where a value is absent: a "-" is no number.
std::string cell(const std::optional<double>& value) { return value ? fixed(value, 6) : ""; }
std::string cell(int64_t value) { return std::to_string(value); }

}  // namespace

std::string to_csv(const Report& report) {
  std::string text;
  add_line(text, {"source",
                  "workload",
                  "layer",
                  "count",
                  "M",
                  "N",
                  "K",
                  "epilogue",
                  "pattern",
                  "target_sparsity",
                  "sparsity",
                  "kept_score",
                  "device",
                  "dtype",
                  "layout",
                  "cache",
                  "executor",
                  "dense_executor",
                  "median_us",
                  "mad_us",
                  "over_dense",
                  "over_block",
                  "over_unstructured",
                  "fraction_of_roofline",
                  "note"});
  for (const Summary& s : report.summaries) {
    for (const LayerLine& line : s.layers) {
      add_line(text, {s.source,
                      s.workload,
                      line.layer,
                      cell(line.count),
                      cell(line.M),
                      cell(line.N),
                      cell(line.K),
                      s.epilogue,
                      s.pattern,
                      cell(s.target_sparsity),
                      cell(std::optional(line.sparsity)),
                      cell(line.kept_score),
                      s.device,
                      s.dtype,
                      s.layout,
                      s.cache,
                      line.executor,
                      line.dense_executor,
                      cell(line.median_us),
                      cell(line.mad_us),
                      cell(line.over_dense),
                      cell(line.over_block),
                      cell(line.over_unstructured),
                      cell(line.fraction_of_roofline),
                      line.note});
    }
  }
  return text;
}

std::string to_csv(const Comparison& comparison) {
  std::string text;
  add_line(text, {"workload", "layer", "M", "N", "K", "epilogue", "pattern", "target_sparsity",
                  "executor", "device", "dtype", "layout", "cache", "base_us", "new_us", "ratio",
                  "noise", "verdict"});
  const auto target = [](const RowKey& key) {
    return key.target_sparsity < 0.0 ? std::string() : fixed(key.target_sparsity, 6);
  };
  for (const ComparedRow& row : comparison.rows) {
    const RowKey& key = row.key;
    add_line(text, {key.workload, key.layer, cell(key.M), cell(key.N), cell(key.K), key.epilogue,
                    key.pattern, target(key), key.executor, key.device, key.dtype, key.layout,
                    key.cache, fixed(row.base_us, 6), fixed(row.new_us, 6), fixed(row.ratio, 6),
                    fixed(row.noise, 6), std::string(name(row.verdict))});
  }
  for (const MissingRow& row : comparison.missing) {
    const RowKey& key = row.key;
    add_line(text, {key.workload, key.layer, cell(key.M), cell(key.N), cell(key.K), key.epilogue,
                    key.pattern, target(key), key.executor, key.device, key.dtype, key.layout,
                    key.cache, "", "", "", "", row.in_base ? "missing in new" : "missing in base"});
  }
  return text;
}

}  // namespace tvw::report
