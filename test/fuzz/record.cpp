// Records of `tvw bench` and `tvw prune`, and the reports made of them. A NUL byte parts two
// records.
#include "fuzz/fuzz.hpp"
#include "tvw/record/json.hpp"
#include "tvw/report/compare.hpp"
#include "tvw/report/report.hpp"

namespace {

using tvw::report::Format;
using tvw::report::NamedRecord;

constexpr Format kFormats[] = {Format::kJson, Format::kMarkdown, Format::kCsv, Format::kHtml};

NamedRecord read(std::string_view text) {
  NamedRecord named{"fuzz.json", tvw::record::parse_bench_record(text, "fuzz.json")};
  const std::string written = tvw::record::to_json(named.record);
  tvw::fuzz::require(tvw::record::to_json(tvw::record::parse_bench_record(written, "again")) ==
                     written);
  return named;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = tvw::fuzz::as_text(data, size);
  const size_t end = std::min(text.find('\0'), size);
  tvw::fuzz::allow_errors([&] {
    static_cast<void>(
        tvw::record::to_json(tvw::record::parse_prune_record(text.substr(0, end), "fuzz.json")));
  });
  tvw::fuzz::allow_errors([&] {
    const NamedRecord first = read(text.substr(0, end));
    for (const Format format : kFormats) {
      static_cast<void>(tvw::report::render(tvw::report::summarise({&first, 1}), format));
    }
    const NamedRecord second = end < size ? read(text.substr(end + 1)) : first;
    const auto comparison = tvw::report::compare(first, second);
    for (const Format format : {Format::kJson, Format::kMarkdown, Format::kCsv}) {
      static_cast<void>(tvw::report::render(comparison, format));
    }
  });
  return 0;
}
