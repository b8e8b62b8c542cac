#include "report/renderers.hpp"
#include "report/text.hpp"

namespace tvw::report {
namespace {

void add_overview(std::string& text, const Report& report) {
  text +=
      "| workload | pattern | target | achieved | kept score | device | dtype | layout | cache "
      "| epilogue | M | over dense (geomean) | over dense (weighted) | over block "
      "| over unstructured | slower layers |\n"
      "|---|---|---:|---:|---:|---|---|---|---|---|---:|---:|---:|---:|---:|---:|\n";
  for (const Summary& s : report.summaries) {
    text += "| " + markdown_cell(s.workload) + " | " + markdown_cell(s.pattern) + " | " +
            percent(s.target_sparsity) + " | " + percent(s.mean_sparsity) + " | " +
            fixed(s.mean_kept_score, 3) + " | " + markdown_cell(s.device) + " | " +
            markdown_cell(s.dtype) + " | " + markdown_cell(s.layout) + " | " +
            markdown_cell(s.cache) + " | " + markdown_cell(s.epilogue) + " | " + rows_of(s) +
            " | " + times(s.over_dense.geomean) + " | " + times(s.over_dense.weighted) + " | " +
            times(s.over_block.geomean) + " | " + times(s.over_unstructured.geomean) + " | " +
            std::to_string(s.over_dense.slower_layers) + " of " +
            std::to_string(s.over_dense.layers) + " |\n";
  }
}

void add_break_evens(std::string& text, const Report& report) {
  if (report.break_evens.empty()) return;
  text +=
      "\n### Break-even: the sparsity from which it is faster than dense\n\n"
      "| layer | M | N | K | pattern | dtype | layout | cache | epilogue | measured | wins from |\n"
      "|---|---:|---:|---:|---|---|---|---|---|---|---:|\n";
  for (const BreakEven& b : report.break_evens) {
    text += "| " + markdown_cell(b.layer) + " | " + std::to_string(b.M) + " | " +
            std::to_string(b.N) + " | " + std::to_string(b.K) + " | " + markdown_cell(b.pattern) +
            " | " + markdown_cell(b.dtype) + " | " + markdown_cell(b.layout) + " | " +
            markdown_cell(b.cache) + " | " + markdown_cell(b.epilogue) + " | " +
            percent(b.measured_from) + " to " + percent(b.measured_to) + " | " + wins_from(b) +
            " |\n";
  }
}

void add_layers(std::string& text, const Summary& s) {
  text += "\n### " + markdown_cell(title_of(s)) + "\n\n";
  text +=
      "| layer | count | M | N | K | sparsity | executor | median us | MAD us | over dense | over "
      "block | over unstructured | of roofline |\n"
      "|---|---:|---:|---:|---:|---:|---|---:|---:|---:|---:|---:|---:|\n";
  for (const LayerLine& line : s.layers) {
    text += "| " + markdown_cell(line.layer) + " | " + std::to_string(line.count) + " | " +
            std::to_string(line.M) + " | " + std::to_string(line.N) + " | " +
            std::to_string(line.K) + " | " + percent(line.sparsity) + " | " +
            markdown_cell(line.executor.empty() ? line.note : line.executor) + " | " +
            fixed(line.median_us, 1) + " | " + fixed(line.mad_us, 1) + " | " +
            times(line.over_dense) + " | " + times(line.over_block) + " | " +
            times(line.over_unstructured) + " | " + percent(line.fraction_of_roofline) + " |\n";
  }
}

std::string describe(const RowKey& key) {
  return key.layer + " M=" + std::to_string(key.M) + " " + key.pattern +
         (key.target_sparsity < 0.0 ? "" : " " + percent(key.target_sparsity)) + " " +
         key.executor + " " + key.layout + " " + key.cache +
         (key.epilogue == "none" ? "" : " " + key.epilogue);
}

}  // namespace

std::string to_markdown(const Report& report) {
  std::string text = "# tvw bench report\n\n";
  for (size_t i = 0; i < report.sources.size(); ++i) {
    const record::Environment& e = report.environments[i];
    text += "- " + markdown_cell(report.sources[i]) + ": " + markdown_cell(e.cpu_model) + ", " +
            std::to_string(e.threads) + " threads, tvw " + markdown_cell(e.tool_version) + ", " +
            markdown_cell(e.time_utc) + "\n";
  }
  text += "\n" + std::to_string(report.rows) + " rows, " + std::to_string(report.skipped_rows) +
          " skipped, " + std::to_string(report.wrong_rows) +
          " wrong. A speed-up is best time of the other / best time of this pattern; above 1 is "
          "faster.\n\n";
  add_overview(text, report);
  add_break_evens(text, report);
  for (const Summary& summary : report.summaries) add_layers(text, summary);
  return text;
}

std::string to_markdown(const Comparison& comparison) {
  std::string text = "# " + markdown_cell(comparison.current) + " against " +
                     markdown_cell(comparison.base) + "\n\n" + std::to_string(comparison.same) +
                     " same, " + std::to_string(comparison.faster) + " faster, " +
                     std::to_string(comparison.slower) + " slower; geomean of base/new " +
                     times(comparison.geomean_ratio) +
                     ". Same: the medians differ by at most 3 standard errors (noise) or 2 %.\n\n";
  text +=
      "| row | base us | new us | base/new | noise | verdict |\n|---|---:|---:|---:|---:|---|\n";
  for (const ComparedRow& row : comparison.rows) {
    text += "| " + markdown_cell(describe(row.key)) + " | " + fixed(row.base_us, 1) + " | " +
            fixed(row.new_us, 1) + " | " + times(row.ratio) + " | " + percent(row.noise) + " | " +
            std::string(name(row.verdict)) + " |\n";
  }
  if (!comparison.missing.empty()) text += "\n## Only in one run\n\n";
  for (const MissingRow& row : comparison.missing) {
    text += "- " + markdown_cell(describe(row.key)) + ": not timed in " +
            markdown_cell(row.in_base ? comparison.current : comparison.base) + " (" +
            markdown_cell(row.reason) + ")\n";
  }
  return text;
}

}  // namespace tvw::report
