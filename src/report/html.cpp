// One page that needs nothing else: tables, and the speed-up over dense of each layer as bars.
#include <algorithm>

#include "report/renderers.hpp"
#include "report/text.hpp"

namespace tvw::report {
namespace {

constexpr const char* kHead =
    R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>tvw bench report</title>
<style>
body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#1c1e21}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;font-size:13px}
th,td{padding:.25rem .5rem;border-bottom:1px solid #d9dce0;text-align:right;white-space:nowrap}
th:first-child,td:first-child,td.t,th.t{text-align:left}
.slow{color:#b3261e}.note{white-space:normal;text-align:left;color:#5f6368}
</style></head><body><h1>tvw bench report</h1>
)";

std::string cell(const std::string& text) { return "<td>" + html_text(text) + "</td>"; }
std::string text_cell(const std::string& text) {
  return "<td class=\"t\">" + html_text(text) + "</td>";
}
std::string ratio_cell(const std::optional<double>& ratio) {
  return std::string(ratio && *ratio < 1.0 ? "<td class=\"slow\">" : "<td>") + times(ratio) +
         "</td>";
}

void add_overview(std::string& page, const Report& report) {
  page +=
      "<table><tr><th>workload</th><th class=\"t\">pattern</th><th>target</th><th>achieved</th>"
      "<th>kept score</th><th class=\"t\">device</th><th class=\"t\">dtype</th>"
      "<th class=\"t\">layout</th><th class=\"t\">cache</th>"
      "<th class=\"t\">epilogue</th><th>M</th><th>over dense</th>"
      "<th>weighted</th><th>over block</th><th>over unstructured</th></tr>\n";
  for (const Summary& s : report.summaries) {
    page += "<tr>" + text_cell(s.workload) + text_cell(s.pattern) +
            cell(percent(s.target_sparsity)) + cell(percent(s.mean_sparsity)) +
            cell(fixed(s.mean_kept_score, 3)) + text_cell(s.device) + text_cell(s.dtype) +
            text_cell(s.layout) + text_cell(s.cache) + text_cell(s.epilogue) + cell(rows_of(s)) +
            ratio_cell(s.over_dense.geomean) + ratio_cell(s.over_dense.weighted) +
            ratio_cell(s.over_block.geomean) + ratio_cell(s.over_unstructured.geomean) + "</tr>\n";
  }
  page += "</table>\n";
}

void add_break_evens(std::string& page, const Report& report) {
  if (report.break_evens.empty()) return;
  page +=
      "<h2>Break-even: the sparsity from which it is faster than dense</h2>\n"
      "<table><tr><th>layer</th><th>M</th><th>N</th><th>K</th><th class=\"t\">pattern</th>"
      "<th class=\"t\">dtype</th><th class=\"t\">layout</th><th class=\"t\">cache</th>"
      "<th class=\"t\">epilogue</th><th>measured</th><th>wins from</th></tr>\n";
  for (const BreakEven& b : report.break_evens) {
    page += "<tr>" + text_cell(b.layer) + cell(std::to_string(b.M)) + cell(std::to_string(b.N)) +
            cell(std::to_string(b.K)) + text_cell(b.pattern) + text_cell(b.dtype) +
            text_cell(b.layout) + text_cell(b.cache) + text_cell(b.epilogue) +
            cell(percent(b.measured_from) + " to " + percent(b.measured_to)) + cell(wins_from(b)) +
            "</tr>\n";
  }
  page += "</table>\n";
}

/// A bar per layer; the thin line is dense.
void add_bars(std::string& page, const Summary& s) {
  constexpr double kWidth = 420.0;
  double longest = 1.0;
  for (const LayerLine& line : s.layers) longest = std::max(longest, line.over_dense.value_or(0.0));
  const double scale = kWidth / longest;
  const size_t height = 20 * s.layers.size() + 4;
  page += "<svg role=\"img\" aria-label=\"speed-up over dense\" width=\"720\" height=\"" +
          std::to_string(height) + "\" font-size=\"12\">";
  size_t y = 2;
  for (const LayerLine& line : s.layers) {
    const double ratio = line.over_dense.value_or(0.0);
    page +=
        "<text x=\"0\" y=\"" + std::to_string(y + 13) + "\">" + html_text(line.layer) + "</text>";
    page += "<rect x=\"200\" y=\"" + std::to_string(y + 2) + "\" height=\"14\" width=\"" +
            fixed(ratio * scale, 1) + "\" fill=\"" + (ratio < 1.0 ? "#d9776f" : "#3a7d5d") + "\"/>";
    page += "<text x=\"" + fixed(206.0 + ratio * scale, 1) + "\" y=\"" + std::to_string(y + 13) +
            "\">" + times(line.over_dense) + "</text>";
    y += 20;
  }
  const std::string x = fixed(200.0 + scale, 1);
  page += "<line x1=\"" + x + "\" x2=\"" + x + "\" y1=\"0\" y2=\"" + std::to_string(height) +
          "\" stroke=\"#1c1e21\"/></svg>\n";
}

void add_summary(std::string& page, const Summary& s) {
  page += "<h2>" + html_text(s.workload + ": " + title_of(s)) + "</h2>\n";
  add_bars(page, s);
  page +=
      "<table><tr><th>layer</th><th>count</th><th>M</th><th>N</th><th>K</th><th>sparsity</th>"
      "<th class=\"t\">executor</th><th>median us</th><th>MAD us</th><th>over dense</th>"
      "<th>over block</th><th>over unstructured</th><th>of roofline</th></tr>\n";
  for (const LayerLine& line : s.layers) {
    page += "<tr>" + text_cell(line.layer) + cell(std::to_string(line.count)) +
            cell(std::to_string(line.M)) + cell(std::to_string(line.N)) +
            cell(std::to_string(line.K)) + cell(percent(line.sparsity));
    if (line.median_us) {
      page += text_cell(line.executor) + cell(fixed(line.median_us, 1)) +
              cell(fixed(line.mad_us, 1)) + ratio_cell(line.over_dense) +
              ratio_cell(line.over_block) + ratio_cell(line.over_unstructured) +
              cell(percent(line.fraction_of_roofline));
    } else {
      page += "<td class=\"note\" colspan=\"7\">" + html_text(line.note) + "</td>";
    }
    page += "</tr>\n";
  }
  page += "</table>\n";
}

}  // namespace

std::string to_html(const Report& report) {
  std::string page = kHead;
  for (size_t i = 0; i < report.sources.size(); ++i) {
    const record::Environment& e = report.environments[i];
    page += "<p>" +
            html_text(report.sources[i] + ": " + e.cpu_model + ", " + std::to_string(e.threads) +
                      " threads, tvw " + e.tool_version + ", " + e.time_utc) +
            "</p>\n";
  }
  page += "<p>" + std::to_string(report.rows) + " rows, " + std::to_string(report.skipped_rows) +
          " skipped, " + std::to_string(report.wrong_rows) + " wrong (in no figure).</p>\n";
  add_overview(page, report);
  add_break_evens(page, report);
  for (const Summary& summary : report.summaries) add_summary(page, summary);
  return page + "</body></html>\n";
}

}  // namespace tvw::report
