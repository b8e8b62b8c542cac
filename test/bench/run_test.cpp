#include "tvw/bench/run.hpp"

#include <algorithm>
#include <cmath>

#include "bench/fake_device.hpp"
#include "support/catch.hpp"
#include "tvw/core/error.hpp"
#include "tvw/record/json.hpp"

using namespace tvw;
using namespace tvw::bench;
using record::BenchRow;
using record::RowRole;
using record::RowStatus;
using test::Behaviour;
using test::FakeDevice;
using test::FakeExecutor;

namespace {

using Executors = std::vector<const kernels::Executor*>;

const FakeExecutor kDense("cpu.dense.fake", "dense", 100.0);
const FakeExecutor kTvw("cpu.tvw.fake", "tvw", 40.0);
const FakeExecutor kCsr("cpu.csr.fake", "csr", 250.0);
const FakeExecutor kBlock("cpu.block.fake", "block-ell", 80.0);

/// One layer of dense weights, hot only, 10 samples.
BenchRequest small_request() {
  BenchRequest request;
  request.workload = "toy";
  request.layers = {
      {"only", 3, 8, 128, 64, [] {
         std::vector<float> values;
         for (int i = 0; i < 64 * 128; ++i) {
           values.push_back(static_cast<float>((i * 7919) % 1009) / 1009.0F - 0.5F);
         }
         return LayerWeights{{64, 128, TypedBuffer::from_f32(DType::kF32, values)}, {}};
       }}};
  request.caches = {CacheState::kHot};
  request.stopping.max_samples = 10;
  request.measure_roofline = false;
  request.dense_in_every_layout = false;
  return request;
}

record::BenchRecord run(const BenchRequest& request, const Executors& executors) {
  FakeDevice device;
  return run_bench(request, device, executors);
}

const BenchRow& find(const record::BenchRecord& record, const std::string& executor,
                     const std::string& cache = "hot") {
  const auto found = std::ranges::find_if(record.rows, [&](const BenchRow& row) {
    return row.executor == executor && row.cache == cache;
  });
  REQUIRE(found != record.rows.end());
  return *found;
}

}  // namespace

TEST_CASE("a run has the subject, dense and both baselines, verified and timed", "[bench]") {
  const auto record = run(small_request(), {&kTvw, &kDense, &kCsr, &kBlock});
  REQUIRE(record.rows.size() == 4);
  for (const BenchRow& row : record.rows) {
    CAPTURE(row.executor, row.skipped_reason);
    CHECK(row.status == RowStatus::kTimed);
    CHECK(row.verified);
    CHECK(row.checked_outputs == 8 * 128);
    CHECK(row.samples_us.size() == 10);
    CHECK(row.dense_executor == "cpu.dense.fake");
  }
  const BenchRow& tvw = find(record, "cpu.tvw.fake");
  CHECK(tvw.role == RowRole::kSubject);
  CHECK(tvw.count == 3);
  CHECK(tvw.median_us == Approx(40.0));
  CHECK(tvw.mad_us == Approx(0.0).margin(1e-9));
  CHECK(tvw.repeats == static_cast<int>(std::ceil(small_request().min_sample_us / 40.0)));
  CHECK(*tvw.speedup_vs_dense == Approx(2.5));
  CHECK(tvw.sparsity == Approx(0.75).margin(0.05));
  CHECK(tvw.target_sparsity == 0.75);
  CHECK(*tvw.kept_score > 0.25);
  CHECK(*tvw.effective_gflops == Approx(2.0 * 8 * 128 * 64 / 40.0 * 1e-3));
  CHECK(find(record, "cpu.csr.fake").role == RowRole::kBaseline);
  CHECK(*find(record, "cpu.csr.fake").speedup_vs_dense == Approx(0.4));  // losers are kept
  CHECK(*find(record, "cpu.dense.fake").speedup_vs_dense == Approx(1.0));
  CHECK_NOTHROW((void)record::parse_bench_record(record::to_json(record), "run.json"));
}

TEST_CASE("a wrong executor is found, has no time, and is in no ratio", "[bench]") {
  for (const Behaviour behaviour : {Behaviour::kWrong, Behaviour::kWrongLater,
                                    Behaviour::kLeavesOneOutput, Behaviour::kThrows}) {
    const FakeExecutor wrong("cpu.tvw.wrong", "tvw", 1.0, behaviour);
    const auto record = run(small_request(), {&wrong, &kTvw, &kDense});
    const BenchRow& row = find(record, "cpu.tvw.wrong");
    CHECK(row.status == RowStatus::kWrong);
    CHECK_FALSE(row.verified);
    CHECK_FALSE(row.median_us.has_value());
    CHECK_FALSE(row.speedup_vs_dense.has_value());
    CHECK_FALSE(row.skipped_reason.empty());
    CHECK((row.skipped_reason.find("follow on one another") != std::string::npos) ==
          (behaviour == Behaviour::kWrongLater));
    CHECK(record::has_wrong_result(record));
    CHECK(record.auto_choices.at(0).executor == "cpu.tvw.fake");
    CHECK_NOTHROW((void)record::parse_bench_record(record::to_json(record), "run.json"));
  }
}

TEST_CASE("what fails late does not cost the record", "[bench]") {
  const FakeExecutor breaks("cpu.tvw.breaks", "tvw", 1.0, Behaviour::kThrowsLater);
  const FakeExecutor huge("cpu.tvw.huge", "tvw", 1.0, Behaviour::kOutOfMemory);
  BenchRequest request = small_request();
  request.layers.push_back(request.layers[0]);
  request.layers[1].name = "second";
  request.measure_roofline = true;
  FakeDevice device;
  device.out_of_memory_for_peaks = true;
  const auto record = run_bench(request, device, Executors{&breaks, &huge, &kDense});
  REQUIRE(record.rows.size() == 2 * 3 + 2 * 2);  // block and CSR have no executor
  for (const BenchRow& row : record.rows) {
    CAPTURE(row.executor, row.skipped_reason);
    if (row.executor == "cpu.dense.fake") CHECK(row.status == RowStatus::kTimed);
    if (row.executor == "cpu.tvw.breaks") {
      CHECK(row.status == RowStatus::kWrong);
      CHECK_THAT(row.skipped_reason, Catch::Contains("the launch failed"));
    }
    if (row.executor == "cpu.tvw.huge") {
      CHECK(row.status == RowStatus::kSkipped);
      CHECK(row.skipped_reason == "cannot be prepared: out of memory");
    }
  }
  CHECK(record.environment.devices.at(0).properties.back() ==
        std::pair<std::string, std::string>("peaks", "not measured: out of memory"));
  CHECK_NOTHROW((void)record::parse_bench_record(record::to_json(record), "run.json"));
}

TEST_CASE("who leaves out the epilogue is wrong", "[bench]") {
  for (const char* epilogue : {"bias", "relu", "bias+gelu", "add"}) {
    BenchRequest request = small_request();
    request.epilogue = parse_epilogue(epilogue);
    const auto record = run(request, {&kTvw, &kDense});
    REQUIRE_FALSE(record.rows.empty());
    for (const BenchRow& row : record.rows) {
      CHECK(row.epilogue == epilogue);
      if (!row.executor.empty()) CHECK(row.status == RowStatus::kWrong);
    }
  }
  CHECK(find(run(small_request(), {&kTvw, &kDense}), "cpu.tvw.fake").epilogue == "none");
}

TEST_CASE("a wrong dense is no baseline", "[bench]") {
  const FakeExecutor wrong("cpu.dense.wrong", "dense", 1.0, Behaviour::kWrong);
  const auto both = run(small_request(), {&kTvw, &wrong, &kDense});
  CHECK(*find(both, "cpu.tvw.fake").speedup_vs_dense == Approx(2.5));
  const auto none = run(small_request(), {&kTvw, &wrong});
  CHECK_FALSE(find(none, "cpu.tvw.fake").speedup_vs_dense.has_value());
}

TEST_CASE("the best dense is the baseline", "[bench]") {
  const FakeExecutor better("cpu.dense.better", "dense", 50.0);
  const auto record = run(small_request(), {&kTvw, &kDense, &better});
  CHECK(*find(record, "cpu.tvw.fake").speedup_vs_dense == Approx(1.25));
  CHECK(find(record, "cpu.tvw.fake").dense_executor == "cpu.dense.better");
  CHECK(*find(record, "cpu.dense.fake").speedup_vs_dense == Approx(0.5));
}

TEST_CASE("who cannot run is a row that says why", "[bench]") {
  const FakeExecutor refuses("cpu.tvw.refuses", "tvw", 1.0, Behaviour::kRefuses);
  const FakeExecutor broken("cpu.tvw.broken", "tvw", 1.0, Behaviour::kCannotPrepare);
  BenchRequest request = small_request();
  request.caches = {CacheState::kHot, CacheState::kCold};
  const auto record = run(request, {&refuses, &broken, &kDense});
  CHECK(find(record, "cpu.tvw.refuses", "cold").skipped_reason == "it is Tuesday");
  CHECK(find(record, "cpu.tvw.broken").skipped_reason.find("out of memory") != std::string::npos);
  CHECK(find(record, "").status == RowStatus::kSkipped);  // csr, block: nobody takes the format
  CHECK_FALSE(find(record, "").skipped_reason.empty());
  CHECK_FALSE(record::has_wrong_result(record));
}

TEST_CASE("hot and cold are rows of their own, and cold flushes", "[bench]") {
  FakeDevice device;
  BenchRequest request = small_request();
  request.caches = {CacheState::kCold};
  const auto record = run_bench(request, device, Executors{&kTvw, &kDense});
  CHECK(find(record, "cpu.tvw.fake", "cold").repeats == 1);
  CHECK(std::ranges::count(device.log, "flush") == 2 * 10);
}

TEST_CASE("with few rows of A only the weights are cold: a layer before brings back the rest",
          "[bench]") {
  BenchRequest request = small_request();
  request.caches = {CacheState::kHot, CacheState::kCold};
  CHECK(find(run(request, {&kTvw, &kDense}), "cpu.tvw.fake", "cold").cold_by == "flush");
  request.layers[0].M = 5;  // 8 * 5 * (64 + 128) is less than 64 * 128
  FakeDevice device;
  const auto record = run_bench(request, device, Executors{&kTvw, &kDense});
  for (const char* executor : {"cpu.tvw.fake", "cpu.dense.fake"}) {
    const BenchRow& cold = find(record, executor, "cold");
    CHECK(cold.cold_by == "flush, layer before");
    CHECK(*cold.median_us == Approx(*find(record, executor, "hot").median_us));  // timed alone
    CHECK(find(record, executor, "hot").cold_by.empty());
  }
}

TEST_CASE("dense also runs in the layout that nobody asked for", "[bench]") {
  BenchRequest request = small_request();
  request.dense_in_every_layout = true;
  const auto record = run(request, {&kTvw, &kDense});
  CHECK(std::ranges::count_if(record.rows, [](const BenchRow& row) {
          return row.role == RowRole::kDense && row.layout == "feature";
        }) == 1);
  CHECK(std::ranges::count_if(record.rows, [](const BenchRow& row) {
          return row.executor == "cpu.tvw.fake" && row.layout == "feature";
        }) == 0);
}

TEST_CASE("baselines are pruned to what each subject reaches", "[bench]") {
  BenchRequest request = small_request();
  request.patterns = parse_patterns("tvw,2:4");
  const auto record = run(request, {&kTvw, &kDense, &kCsr, &kBlock});
  std::vector<double> targets;
  for (const BenchRow& row : record.rows) {
    if (row.executor == "cpu.csr.fake") targets.push_back(*row.target_sparsity);
  }
  CHECK(targets == std::vector{0.75, 0.5});
  // A baseline that is named as a pattern does not run twice.
  request.patterns = parse_patterns("tvw,csr");
  const auto named = run(request, {&kTvw, &kDense, &kCsr});
  CHECK(std::ranges::count_if(named.rows,
                              [](const BenchRow& row) { return row.format == "csr"; }) == 1);
}

TEST_CASE("a model's packed weights are subjects as they are", "[bench]") {
  BenchRequest request = small_request();
  const auto dense = request.layers[0].load;
  request.patterns.clear();
  request.layers[0].load = [dense] {
    LayerWeights weights = dense();
    Mask mask(64, 128, false);
    for (int64_t k = 0; k < 64; k += 4) {
      for (int64_t n = 0; n < 128; ++n) mask.keep(k, n);
    }
    PackedVariant packed;
    packed.pattern = parse_pattern("ew");
    packed.weights = pack::pack_csr(weights.dense, mask);
    packed.sparsity = 0.75;
    packed.target_sparsity = 0.7;
    packed.kept_score = 0.4;
    weights.packed.push_back(std::move(packed));
    return weights;
  };
  const auto record = run(request, {&kDense, &kCsr, &kBlock});
  const BenchRow& csr = find(record, "cpu.csr.fake");
  CHECK(csr.role == RowRole::kSubject);
  CHECK(csr.status == RowStatus::kTimed);
  CHECK(csr.target_sparsity == 0.7);
  CHECK(csr.kept_score == 0.4);
  CHECK(find(record, "cpu.block.fake").target_sparsity == 0.7);
}

TEST_CASE("only the named executors run, and dense", "[bench]") {
  BenchRequest request = small_request();
  request.executors = {"cpu.tvw.fake"};
  const auto record = run(request, {&kTvw, &kDense, &kCsr, &kBlock});
  CHECK(find(record, "cpu.dense.fake").status == RowStatus::kTimed);
  CHECK(find(record, "cpu.tvw.fake").status == RowStatus::kTimed);
  CHECK(find(record, "").skipped_reason.find("among those asked for") != std::string::npos);
  request.executors = {"cpu.tvw.fke"};
  CHECK_THROWS_AS((void)run(request, {&kTvw, &kDense}), Error);
}

TEST_CASE("auto takes the fastest of subject and dense", "[bench]") {
  const FakeExecutor slow("cpu.tvw.slow", "tvw", 400.0);
  const auto record = run(small_request(), {&slow, &kDense, &kBlock});
  REQUIRE(record.auto_choices.size() == 1);
  CHECK(record.auto_choices[0].executor == "cpu.dense.fake");
  CHECK(record.auto_choices[0].target_sparsity == 0.75);
}

TEST_CASE("rows know how near they are to what the device can do", "[bench]") {
  FakeDevice device;
  device.own_peaks = kernels::Peaks{10.0, 1.0, 0};
  BenchRequest request = small_request();
  request.measure_roofline = true;
  const auto record = run_bench(request, device, Executors{&kTvw, &kDense});
  const BenchRow& dense = find(record, "cpu.dense.fake");
  const double bytes = 4.0 * (8 * 64 + 8 * 128 + 64 * 128);
  CHECK(*dense.roofline_us == Approx(bytes / 1e3));
  CHECK(*dense.fraction_of_roofline == Approx(bytes / 1e3 / 100.0));
  CHECK(*dense.actual_gflops == Approx(*dense.effective_gflops));
  const auto& properties = record.environment.devices.at(0).properties;
  CHECK(std::ranges::count(properties, std::pair<std::string, std::string>("peak GFLOP/s", "10")) ==
        1);
}

TEST_CASE("what a device says of itself after a run is recorded where it is another", "[bench]") {
  FakeDevice device;
  device.facts = {{"clock", "1 GHz"}, {"memory", "1 GB"}};
  FakeExecutor slows("cpu.tvw.slows", "tvw", 1.0);
  BenchRequest request = small_request();
  const auto progress = [&](const Progress&) { device.facts[0].second = "2 GHz"; };
  const auto record = run_bench(request, device, Executors{&slows, &kDense}, progress);
  const record::NamedValues expected = {
      {"clock", "1 GHz"}, {"memory", "1 GB"}, {"clock, after", "2 GHz"}};
  CHECK(record.environment.devices.at(0).properties == expected);
}

TEST_CASE("list says who takes what without running anything", "[bench]") {
  FakeDevice device;
  const FakeExecutor refuses("cpu.tvw.refuses", "tvw", 1.0, Behaviour::kRefuses);
  std::vector<std::string> steps;
  const auto progress = [&](const Progress& p) { steps.push_back(p.what); };
  const auto answers =
      list_executors(small_request(), device, Executors{&refuses, &kTvw, &kDense}, progress);
  CHECK(device.log.empty());
  CHECK(steps == std::vector<std::string>{"only M=8: pruning and packing"});
  const auto answer = [&](const std::string& executor) {
    return *std::ranges::find_if(answers, [&](const auto& a) { return a.executor == executor; });
  };
  CHECK(answer("cpu.tvw.fake").ok);
  CHECK_FALSE(answer("cpu.tvw.refuses").ok);
  CHECK(answer("cpu.tvw.refuses").reason == "it is Tuesday");
  CHECK_FALSE(answer("").ok);
}

TEST_CASE("workloads take M from the request or from their pixels", "[bench]") {
  FakeDevice device;
  BenchRequest request;
  request.measure_roofline = false;
  request.patterns.clear();
  request.baselines.clear();
  request.workload = "bert-base";
  request.M = {1, 64, 64};
  CHECK(list_executors(request, device, Executors{&kDense}).size() == 2 * 2 * 3);  // 2 layouts
  request.workload = "resnet18";
  CHECK_THROWS_AS((void)list_executors(request, device, Executors{&kDense}), Error);
  request.M.clear();
  request.batch = 4;
  CHECK(list_executors(request, device, Executors{&kDense}).at(0).M == 4 * 12544);
  request.batch = 0;
  CHECK_THROWS_AS((void)list_executors(request, device, Executors{&kDense}), Error);
}

TEST_CASE("progress counts up to its end", "[bench]") {
  FakeDevice device;
  std::vector<Progress> seen;
  (void)run_bench(small_request(), device, Executors{&kTvw, &kDense},
                  [&](const Progress& progress) { seen.push_back(progress); });
  REQUIRE(seen.size() > 3);
  CHECK(seen.back().done == seen.back().total);
  CHECK(std::ranges::is_sorted(seen, {}, &Progress::done));
}

TEST_CASE("weights of another shape than the layer's are refused", "[bench]") {
  BenchRequest request = small_request();
  request.layers[0].N = 256;
  CHECK_THROWS_AS((void)run(request, {&kDense}), Error);
}

TEST_CASE("the same seed gives the same weights for any number of threads", "[bench]") {
  BenchRequest request = small_request();
  request.threads = 1;
  const auto one = run(request, {&kTvw, &kDense});
  request.threads = 2;
  const auto two = run(request, {&kTvw, &kDense});
  CHECK(find(one, "cpu.tvw.fake").kept_score == find(two, "cpu.tvw.fake").kept_score);
  CHECK(find(one, "cpu.tvw.fake").max_rel_error == find(two, "cpu.tvw.fake").max_rel_error);
}
