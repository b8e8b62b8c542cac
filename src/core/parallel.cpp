#include "tvw/core/parallel.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <optional>
#include <span>
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

/// The runs of all phases with anything to do, in one piece: of each one for each thread, of about
/// the same length.
class Runs {
 public:
  explicit Runs(std::span<const ParallelPhase> phases)
      : threads_(static_cast<size_t>(thread_count())),
        runs_(threads_ * static_cast<size_t>(std::ranges::count_if(phases, has_any))) {
    size_t next = 0;
    for (const ParallelPhase& phase : phases) {
      if (!has_any(phase)) continue;
      for (size_t t = 0; t < threads_; ++t) {
        runs_[next++].assign(
            part_of(phase.count, static_cast<int64_t>(threads_), static_cast<int64_t>(t)));
      }
    }
  }

  [[nodiscard]] static bool has_any(const ParallelPhase& phase) { return phase.count > 0; }

  /// Of the `phase`th that has any: the next index for this thread.
  [[nodiscard]] std::optional<int64_t> take(size_t phase, size_t thread) {
    const auto runs = std::span(runs_).subspan(phase * threads_, threads_);
    std::optional<int64_t> taken = runs[thread].take_first();
    for (size_t i = 1; i < runs.size() && !taken; ++i) {
      taken = runs[(thread + i) % runs.size()].take_last();
    }
    return taken;
  }

 private:
  size_t threads_;
  std::vector<Run> runs_;
};

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
  Runs runs(phases);
  FirstError error;
#pragma omp parallel
  {
    const auto thread = static_cast<size_t>(omp_get_thread_num());
    size_t turn = 0;
    for (const ParallelPhase& phase : phases) {
      if (!Runs::has_any(phase)) continue;  // a barrier takes about as long as a small phase
      if (turn > 0) {
#pragma omp barrier
      }
      while (const auto i = runs.take(turn, thread))
        error.guard([&] { phase.body(*i, static_cast<int>(thread)); });
      ++turn;
    }
  }
  error.rethrow();
}

}  // namespace tvw
