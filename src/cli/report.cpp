// `tvw report RUN.json...`: records in, figures out.
#include "tvw/report/report.hpp"

#include <memory>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "tvw/core/error.hpp"
#include "tvw/record/json.hpp"
#include "tvw/report/compare.hpp"

namespace tvw::cli {
namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  tvw report run.json                        summary per pattern, JSON to stdout\n"
    "  tvw report run.json --format md            the same as Markdown tables\n"
    "  tvw report new.json --compare old.json     what got faster, slower or stayed the same";

struct ReportOptions {
  std::vector<std::string> runs;
  std::string compare;
  std::string format = "json";
  std::string output;
};

report::NamedRecord load(const std::string& path) {
  return {path, record::load_bench_record(path)};
}

void run_report(const ReportOptions& options) {
  const report::Format format = report::parse_format(options.format);
  std::vector<std::string> inputs = options.runs;
  inputs.push_back(options.compare);
  check_result_path(options.output, inputs);
  std::string text;
  if (options.compare.empty()) {
    std::vector<report::NamedRecord> records;
    for (const std::string& path : options.runs) records.push_back(load(path));
    text = report::render(report::summarise(records), format);
  } else {
    if (options.runs.size() != 1) {
      throw Error(ErrorCode::kUsage,
                  "--compare takes one run, got " + std::to_string(options.runs.size()));
    }
    text = report::render(report::compare(load(options.compare), load(options.runs[0])), format);
  }
  write_result(text, options.output);
}

}  // namespace

void add_report(CLI::App& app, const Settings& /*settings*/) {
  auto options = std::make_shared<ReportOptions>();
  CLI::App* command = app.add_subcommand("report", "Summarise or compare records of `tvw bench`");
  command->add_option("run", options->runs, "Records written by `tvw bench -o`")->required();
  command->add_option("--compare", options->compare, "An earlier record to compare with");
  command->add_option("--format", options->format, "json, md, csv or html")->capture_default_str();
  command->add_option("-o,--output", options->output, "File to write instead of stdout ('-')");
  command->footer(kFooter);
  command->callback([options] { run_report(*options); });
}

}  // namespace tvw::cli
