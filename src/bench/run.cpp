#include "tvw/bench/run.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "bench/auto_choice.hpp"
#include "bench/contestants.hpp"
#include "bench/failure.hpp"
#include "bench/jobs.hpp"
#include "bench/random_values.hpp"
#include "bench/rows.hpp"
#include "bench/timing.hpp"
#include "bench/variants.hpp"
#include "tvw/bench/roofline.hpp"
#include "tvw/bench/tuning.hpp"
#include "tvw/bench/verify.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/parallel.hpp"

namespace tvw::bench {
namespace {

using record::BenchRow;

constexpr uint64_t kActivationStream =
    0xAC71;  // keeps activations apart from weights of the same seed
constexpr uint64_t kPositionStream = 0x9051;
constexpr uint64_t kFormerStream = 0xF0C1;

constexpr int64_t kCacheTimes = 3;    // copies of weights exceed the cache this many times
constexpr int64_t kMostCopies = 256;  // of small weights
constexpr int64_t kFewShare = 8;      // activations are at most 1/8 of the weights

/// Weights are nearly all that is read, as in decoding. Cold then means that they come from memory
/// while the program and the activations of the layer before are still in the cache.
bool only_weights_are_cold(GemmShape shape) {
  return kFewShare * shape.M * (shape.K + shape.N) <= shape.K * shape.N;
}

std::unique_ptr<kernels::Tuning> make_tuning(const BenchRequest& request,
                                             const kernels::Device& device) {
  if (!request.tuning_file) return nullptr;
  return std::make_unique<TuningFile>(*request.tuning_file, device);
}

class ThreadCountGuard {
 public:
  explicit ThreadCountGuard(int threads) : before_(thread_count()) {
    if (threads != 0) set_thread_count(threads);
  }
  ~ThreadCountGuard() { set_thread_count(before_); }
  ThreadCountGuard(const ThreadCountGuard&) = delete;
  ThreadCountGuard& operator=(const ThreadCountGuard&) = delete;

 private:
  int before_;
};

/// Activations and results of one job. The same bytes serve as A (and as what C held) in either
/// layout.
struct Activations {
  std::vector<float> values;
  std::vector<float> former_C;  ///< if the epilogue adds to it
  std::unique_ptr<kernels::Buffer> A;
  std::unique_ptr<kernels::Buffer> C;
};

Activations make_activations(const Job& job, DType dtype, bool add_to_c, kernels::Device& device,
                             uint64_t seed) {
  const auto random = [&](int64_t count, uint64_t stream) {
    return TypedBuffer::from_f32(dtype, normal_values(count, mix(seed, stream), 1.0));
  };
  const TypedBuffer rounded = random(job.shape.M * job.shape.K, kActivationStream);
  Activations activations;
  activations.values = rounded.to_f32();
  if (add_to_c) {
    activations.former_C = random(job.shape.M * job.shape.N, kFormerStream).to_f32();
  }
  activations.A = device.allocate(rounded.size_bytes());
  activations.C = device.allocate(job.shape.M * job.shape.N * size_bytes(dtype));
  device.copy_in(*activations.A, rounded.bytes().data(), rounded.size_bytes());
  return activations;
}

LayerWeights load_weights(const Job& job) {
  LayerWeights weights = job.load();
  const auto check = [&](int64_t K, int64_t N) {
    if (K != job.shape.K || N != job.shape.N) {
      throw Error(ErrorCode::kInvalidArgument, job.layer + ": got weights [" + std::to_string(K) +
                                                   ", " + std::to_string(N) + "], expected [" +
                                                   std::to_string(job.shape.K) + ", " +
                                                   std::to_string(job.shape.N) + "]");
    }
  };
  check(weights.dense.K, weights.dense.N);
  for (const PackedVariant& packed : weights.packed) {
    check(pack::rows(packed.weights), pack::cols(packed.weights));
  }
  return weights;
}

std::string label_of(const Job& job) { return job.layer + " M=" + std::to_string(job.shape.M); }
std::string packing(const Job& job) { return label_of(job) + ": pruning and packing"; }

/// A contestant on its way through prepare and verify; `row` without cache state and times.
struct Entry {
  Contestant contestant;
  BenchRow row;
  std::unique_ptr<kernels::Plan> plan;
  std::unique_ptr<kernels::Plan> layer_before;  ///< the same one with weights of its own, or null
  size_t fingerprint = 0;                       ///< of the outputs that were verified
};

class Runner {
 public:
  Runner(const BenchRequest& request, kernels::Device& device,
         std::span<const kernels::Executor* const> executors, const ProgressCallback& progress)
      : request_(request),
        device_(device),
        executors_(executors),
        progress_(progress),
        resolved_(resolve(request, device.kind())),
        tuning_(make_tuning(request, device)) {
    total_ = static_cast<int64_t>(resolved_.jobs.size() * (1 + request.caches.size()));
  }

  record::BenchRecord run() {
    record::BenchRecord record;
    record.environment = record::collect_environment(request_.libraries);
    record.environment.devices.push_back({device_.id(), device_.name(), device_.properties()});
    record.argv = request_.argv;
    for (const Job& job : resolved_.jobs) run_job(job, record);
    record::DeviceFacts& device = record.environment.devices.back();
    add_changes(device.properties);
    if (request_.measure_roofline) add_rooflines(record.rows, device.properties);
    report("");
    return record;
  }

 private:
  void report(const std::string& what) const {
    if (progress_) progress_({done_, total_, what});
  }

  void run_job(const Job& job, record::BenchRecord& record) {
    const std::string label = label_of(job);
    report(packing(job));
    const std::vector<Variant> variants = make_variants(request_, job.layer, load_weights(job));
    Activations activations =
        make_activations(job, resolved_.dtype, request_.epilogue.add_to_c, device_, request_.seed);
    std::vector<Entry> entries;
    for (Contestant& contestant :
         make_contestants(request_, resolved_, job, variants, device_, executors_, tuning_.get())) {
      BenchRow row = describe(resolved_, job, contestant, device_, request_.seed);
      entries.push_back({std::move(contestant), std::move(row), nullptr, nullptr, 0});
    }
    const auto positions = positions_to_check(job.shape, mix(request_.seed, kPositionStream));
    for (Entry& entry : entries) {
      report(label + ": verifying " + entry.row.executor);
      if (entry.contestant.support) prepare_and_verify(entry, activations, positions);
    }
    ++done_;
    for (const CacheState cache : request_.caches) {
      report(label + ": timing, " + std::string(name(cache)));
      time_entries(entries, job, activations, positions, cache, record);
      ++done_;
    }
  }

  /// A GPU goes through copies of the weights instead (make_timed).
  [[nodiscard]] bool runs_a_layer_before(GemmShape shape) const {
    return device_.kind() == kernels::DeviceKind::kCpu && only_weights_are_cold(shape) &&
           std::ranges::find(request_.caches, CacheState::kCold) != request_.caches.end();
  }

  void prepare_and_verify(Entry& entry, Activations& activations,
                          std::span<const kernels::OutputPosition> positions) {
    const kernels::Problem& problem = entry.contestant.problem;
    const auto unprepared = failure_of([&] {
      entry.plan = entry.contestant.executor->prepare(problem, device_);
      if (runs_a_layer_before(problem.shape())) {
        entry.layer_before = entry.contestant.executor->prepare(problem, device_);
      }
    });
    if (unprepared) {
      entry.plan.reset();
      entry.row.skipped_reason = "cannot be prepared: " + *unprepared;
      return;
    }
    add_plan(entry.row, *entry.plan);
    void* A = activations.A->data();
    void* C = activations.C->data();
    const auto failure = failure_of([&] {
      const Verdict verdict = verify(
          {problem, activations.values, positions, activations.former_C},
          [&] { entry.plan->run(A, C); }, device_, *activations.C);
      entry.fingerprint = verdict.fingerprint;
      add_verdict(entry.row, problem, verdict);
    });
    if (failure) add_failure(entry.row, "failed: " + *failure);
    if (!entry.row.verified) {
      entry.plan.reset();
      entry.layer_before.reset();
    }
  }

  void time_entries(const std::vector<Entry>& entries, const Job& job, Activations& activations,
                    std::span<const kernels::OutputPosition> positions, CacheState cache,
                    record::BenchRecord& record) {
    std::vector<Timed> timed;
    for (const Entry& entry : entries) {
      if (!entry.row.verified) continue;
      timed.push_back(make_timed(entry, job, activations, cache));
    }
    time_interleaved(device_, timed, cache, request_.stopping, request_.min_sample_us);
    std::vector<BenchRow> rows;
    size_t next = 0;
    for (const Entry& entry : entries) {
      BenchRow row = entry.row;
      row.cache = name(cache);
      if (row.verified) {
        const Timed& its = timed[next++];
        if (cache == CacheState::kCold) row.cold_by = cold_by(its);
        finish(row, entry, its, activations, positions);
      }
      rows.push_back(std::move(row));
    }
    add_speedups(rows);
    for (record::AutoChoice& choice : choose_best(rows)) {
      record.auto_choices.push_back(std::move(choice));
    }
    std::move(rows.begin(), rows.end(), std::back_inserter(record.rows));
  }

  /// Times, if it got to the end and what it computes is still right.
  void finish(BenchRow& row, const Entry& entry, const Timed& timed, Activations& activations,
              std::span<const kernels::OutputPosition> positions) {
    if (!timed.failure.empty()) return add_failure(row, "failed while timed: " + timed.failure);
    const kernels::Problem& problem = entry.contestant.problem;
    Verdict again;
    const auto failure = failure_of([&] {
      again = verify_again({problem, activations.values, positions, activations.former_C},
                           timed.launch, device_, *activations.C, entry.fingerprint);
    });
    if (failure) return add_failure(row, "failed after it was timed: " + *failure);
    if (again.ok) return add_times(row, timed, *entry.plan);
    again.reason = "right once, then, in runs that follow on one another, a " + again.reason;
    add_verdict(row, problem, again);
  }

  static std::string cold_by(const Timed& timed) {
    if (timed.rotation > 0) return "rotation";
    return timed.after_flush ? "flush, layer before" : "flush";
  }

  Timed make_timed(const Entry& entry, const Job& job, Activations& activations, CacheState cache) {
    std::vector<std::shared_ptr<kernels::Plan>> copies;
    if (cache == CacheState::kCold && device_.kind() == kernels::DeviceKind::kCuda &&
        only_weights_are_cold(job.shape)) {
      const int64_t bytes = std::max<int64_t>(1, entry.plan->weight_bytes());
      const int64_t count = std::min(kMostCopies, kCacheTimes * device_.cache_bytes() / bytes + 2);
      for (int64_t i = 0; i < count; ++i) {
        std::shared_ptr<kernels::Plan> copy = entry.plan->duplicate();
        if (!copy) break;
        copies.push_back(std::move(copy));
      }
    }
    Timed timed{entry.row.executor, {}, 1, {}, static_cast<int>(copies.size())};
    void* A = activations.A->data();
    void* C = activations.C->data();
    if (entry.layer_before) {
      timed.after_flush = [plan = entry.layer_before.get(), A, C] { plan->run(A, C); };
    }
    if (copies.empty()) {
      timed.launch = [plan = entry.plan.get(), A, C] { plan->run(A, C); };
    } else {
      timed.launch = [copies = std::move(copies), A, C, next = size_t{0}]() mutable {
        copies[next]->run(A, C);
        next = (next + 1) % copies.size();
      };
    }
    return timed;
  }

  /// Clocks, throttling and the like after all that ran, where they are not as before.
  void add_changes(record::NamedValues& properties) const {
    const record::NamedValues before = properties;
    for (const auto& [key, value] : device_.properties()) {
      if (std::ranges::find(before, std::pair(key, value)) != before.end()) continue;
      properties.emplace_back(key + ", after", value);
    }
  }

  void add_rooflines(std::vector<BenchRow>& rows, record::NamedValues& properties) const {
    report("measuring the peaks of " + device_.id());
    const auto file = default_peaks_file();
    std::optional<Peaks> peaks;
    const auto failure =
        failure_of([&] { peaks = find_peaks(device_, resolved_.dtype, thread_count(), file); });
    if (failure) properties.emplace_back("peaks", "not measured: " + *failure);
    if (!peaks) return;
    const auto add = [&] {
      for (BenchRow& row : rows) add_roofline(row, *peaks);
    };
    add();
    const bool impossible = std::ranges::any_of(
        rows, [](const BenchRow& row) { return row.fraction_of_roofline.value_or(0.0) > 1.0; });
    if (impossible) {
      peaks = raise_peaks(device_, resolved_.dtype, thread_count(), file).value_or(*peaks);
      add();
    }
    properties.emplace_back("peak GFLOP/s", whole(peaks->gflops));
    properties.emplace_back("peak GB/s", whole(peaks->bandwidth_gbs));
  }
  static std::string whole(double number) { return std::to_string(std::llround(number)); }

  const BenchRequest& request_;
  kernels::Device& device_;
  std::span<const kernels::Executor* const> executors_;
  const ProgressCallback& progress_;
  ResolvedRequest resolved_;
  std::unique_ptr<kernels::Tuning> tuning_;  ///< null: executors choose as they see fit
  int64_t done_ = 0;
  int64_t total_ = 0;
};

}  // namespace

record::BenchRecord run_bench(const BenchRequest& request, kernels::Device& device,
                              std::span<const kernels::Executor* const> executors,
                              const ProgressCallback& progress) {
  check_executor_names(request.executors, executors, device);
  device.make_current();
  const ThreadCountGuard threads(request.threads);
  return Runner(request, device, executors, progress).run();
}

record::BenchRecord run_bench(const BenchRequest& request, const kernels::Registry& registry,
                              const ProgressCallback& progress) {
  return run_bench(request, registry.device(request.device), registry.executors(), progress);
}

std::vector<ExecutorAnswer> list_executors(const BenchRequest& request, kernels::Device& device,
                                           std::span<const kernels::Executor* const> executors,
                                           const ProgressCallback& progress) {
  check_executor_names(request.executors, executors, device);
  device.make_current();
  const ThreadCountGuard threads(request.threads);
  const ResolvedRequest resolved = resolve(request, device.kind());
  const std::unique_ptr<kernels::Tuning> tuning = make_tuning(request, device);
  std::vector<ExecutorAnswer> answers;
  int64_t done = 0;
  for (const Job& job : resolved.jobs) {
    if (progress) progress({done++, std::ssize(resolved.jobs), packing(job)});
    const std::vector<Variant> variants = make_variants(request, job.layer, load_weights(job));
    for (const Contestant& contestant :
         make_contestants(request, resolved, job, variants, device, executors, tuning.get())) {
      const Variant& variant = *contestant.variant;
      answers.push_back({job.layer, job.shape.M, job.shape.N, job.shape.K, variant.pattern,
                         std::string(pack::format_name(variant.weights)), variant.target_sparsity,
                         std::string(kernels::name(contestant.problem.layout)),
                         contestant.executor ? std::string(contestant.executor->name()) : "",
                         contestant.support.ok,
                         contestant.support.ok ? contestant.executor->explain(contestant.problem)
                                               : contestant.support.reason});
    }
  }
  return answers;
}

std::vector<ExecutorAnswer> list_executors(const BenchRequest& request,
                                           const kernels::Registry& registry,
                                           const ProgressCallback& progress) {
  return list_executors(request, registry.device(request.device), registry.executors(), progress);
}

}  // namespace tvw::bench
