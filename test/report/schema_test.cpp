// What the writers write conforms to configs/schema, as judged by Python's jsonschema.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <limits>

#include "report/rows.hpp"
#include "support/catch.hpp"
#include "tvw/record/json.hpp"
#include "tvw/report/compare.hpp"

using namespace tvw;
using namespace tvw::report;
using test::named;
using test::timed;
using test::without_time;

namespace {

std::string python() {
  const char* chosen = std::getenv("TVW_PYTHON");
  return chosen != nullptr ? chosen : "python3";
}

bool has_jsonschema() {
  return std::system((python() + " -c 'import jsonschema' >/dev/null 2>&1").c_str()) == 0;
}

bool conforms(const std::string& text, const std::string& schema, bool quiet = false) {
  const auto path = std::filesystem::temp_directory_path() /
                    ("tvw-schema-" + std::to_string(::getpid()) + ".json");
  record::save_text(text, path);
  const std::string command = "'" + python() + "' '" + TVW_VALIDATE_SCRIPT + "' '" +
                              TVW_SCHEMA_DIR + "/" + schema + "' '" + path.string() + "'" +
                              (quiet ? " 2>/dev/null" : "");
  const int result = std::system(command.c_str());
  std::filesystem::remove(path);
  return result == 0;
}

}  // namespace

TEST_CASE("records and reports conform to their schemas", "[report][schema]") {
  if (!has_jsonschema()) {
    WARN("jsonschema is not installed for " << python() << ": set TVW_PYTHON; not checked");
    return;
  }
  auto wrong = without_time(timed("b", "csr", 1.0), record::RowStatus::kWrong, "wrong result");
  wrong.max_rel_error = std::numeric_limits<double>::quiet_NaN();
  const auto skipped =
      without_time(timed("b", "tvw", 1.0), record::RowStatus::kSkipped, "not here");
  auto sparser = timed("a", "tvw", 1.0);
  sparser.target_sparsity = sparser.sparsity = 0.9;
  const NamedRecord run =
      named({timed("a", "dense", 2.0), timed("a", "tvw", 3.0), sparser, timed("a", "csr", 9.0),
             timed("a", "block-ell", 4.0), wrong, skipped});
  CHECK(summarise({&run, 1}).break_evens.size() == 2);  // of tvw and of auto
  CHECK(conforms(record::to_json(run.record), "bench_record.v1.json"));
  CHECK(conforms(render(summarise({&run, 1}), Format::kJson), "report.v1.json"));
  CHECK(conforms(render(compare(run, named({timed("a", "tvw", 1.0)})), Format::kJson),
                 "compare.v1.json"));
  record::PruneRecord prune;
  prune.environment = record::collect_environment({{"onnx", "1.19.1"}});
  prune.rows.emplace_back();
  CHECK(conforms(record::to_json(prune), "prune_record.v1.json"));
  CHECK_FALSE(conforms("{}", "bench_record.v1.json", true));
  CHECK_FALSE(conforms(record::to_json(prune), "bench_record.v1.json", true));
}
