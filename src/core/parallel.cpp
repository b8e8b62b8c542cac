#include "tvw/core/parallel.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "tvw/core/error.hpp"
#include "tvw/core/parts.hpp"

namespace tvw {
namespace {

/// Keeps the first exception of any thread.
class FirstError {
 public:
  template <class Body>
  void guard(const Body& body) {
    try {
      body();
    } catch (...) {
#pragma omp critical(tvw_parallel_for_error)
      if (!error_) error_ = std::current_exception();
    }
  }
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::exception_ptr error_;
};

/// The indices that are left of a thread's run. On a cache line of its own: its thread takes from
/// it all the time.
class alignas(64) Run {
 public:
  void assign(Range run) {
    left_ = {static_cast<int32_t>(run.begin), static_cast<int32_t>(run.end)};
  }
  /// The next one, for the thread whose run it is.
  [[nodiscard]] std::optional<int64_t> take_first() {
    return take([](Left& left) { return left.begin++; });
  }
  /// The last one, for a thread whose own run is done.
  [[nodiscard]] std::optional<int64_t> take_last() {
    return take([](Left& left) { return --left.end; });
  }

 private:
  /// Aligned like a number of its size: else clang calls a library for it.
  struct alignas(int64_t) Left {
    int32_t begin, end;
  };
  static_assert(std::atomic<Left>::is_always_lock_free);

  template <class Take>
  std::optional<int64_t> take(const Take& take) {
    Left before = left_;
    while (before.begin < before.end) {
      Left after = before;
      const int32_t taken = take(after);
      if (left_.compare_exchange_weak(before, after)) return taken;
    }
    return std::nullopt;
  }

  std::atomic<Left> left_ = Left{0, 0};
};

/// One for each thread, of about the same length.
std::vector<Run> runs_of(int64_t count) {
  std::vector<Run> runs(static_cast<size_t>(thread_count()));
  const auto threads = std::ssize(runs);
  for (int64_t t = 0; t < threads; ++t) {
    runs[static_cast<size_t>(t)].assign(part_of(count, threads, t));
  }
  return runs;
}

std::optional<int64_t> take_from(std::vector<Run>& runs, size_t thread) {
  std::optional<int64_t> taken = runs[thread].take_first();
  for (size_t i = 1; i < runs.size() && !taken; ++i) {
    taken = runs[(thread + i) % runs.size()].take_last();
  }
  return taken;
}

}  // namespace

int thread_count() { return omp_get_max_threads(); }

void set_thread_count(int threads) {
  if (threads < 1) {
    throw Error(ErrorCode::kUsage,
                "number of threads is " + std::to_string(threads) + ", expected 1 or more");
  }
  // A team that is smaller than asked for makes oneDNN leave out what the others would have done.
  omp_set_dynamic(0);
  omp_set_num_threads(std::min(threads, omp_get_thread_limit()));
}

void parallel_for(int64_t count, const std::function<void(int64_t)>& body) {
  FirstError error;
#pragma omp parallel for schedule(dynamic, 1)
  for (int64_t i = 0; i < count; ++i) {
    error.guard([&] { body(i); });
  }
  error.rethrow();
}

void parallel_for_runs(std::initializer_list<ParallelPhase> phases) {
  std::vector<std::vector<Run>> runs;
  runs.reserve(phases.size());
  for (const ParallelPhase& phase : phases) runs.push_back(runs_of(phase.count));
  FirstError error;
#pragma omp parallel
  {
    const auto thread = static_cast<size_t>(omp_get_thread_num());
    auto left = runs.begin();
    bool begun = false;
    for (const ParallelPhase& phase : phases) {
      std::vector<Run>& of_phase = *left++;
      if (phase.count == 0) continue;  // a barrier takes about as long as a small phase
      if (begun) {
#pragma omp barrier
      }
      begun = true;
      while (const auto i = take_from(of_phase, thread))
        error.guard([&] { phase.body(*i, static_cast<int>(thread)); });
    }
  }
  error.rethrow();
}

}  // namespace tvw
