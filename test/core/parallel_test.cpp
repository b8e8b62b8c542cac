#include "tvw/core/parallel.hpp"

#include <atomic>
#include <functional>
#include <stdexcept>
#include <vector>

#include "support/catch.hpp"
#include "tvw/core/error.hpp"

namespace tvw {
namespace {

using ParallelFor = void (*)(int64_t, const std::function<void(int64_t, int)>&);

TEST_CASE("parallel_for visits every index once", "[core]") {
  const int before = thread_count();
  for (const int threads : {1, 2, 5}) {
    set_thread_count(threads);
    std::vector<std::atomic<int>> visits(1000);
    parallel_for(1000, [&](int64_t i) { ++visits[static_cast<size_t>(i)]; });
    for (const auto& visit : visits) CHECK(visit == 1);
  }
  set_thread_count(before);
  CHECK_THROWS_AS(set_thread_count(0), Error);
}

TEST_CASE("parallel_for hands on an exception", "[core]") {
  CHECK_THROWS_AS(parallel_for(100,
                               [](int64_t i) {
                                 if (i == 42) throw std::runtime_error("42");
                               }),
                  std::runtime_error);
}

TEST_CASE("every index is visited once, by a thread that has its scratch to itself", "[core]") {
  const ParallelFor parallel = GENERATE(parallel_for_with_scratch, parallel_for_runs);
  const int64_t count = GENERATE(0, 1, 4, 1000);
  const int before = thread_count();
  for (const int threads : {1, 2, 5}) {
    set_thread_count(threads);
    std::vector<std::atomic<int>> visits(static_cast<size_t>(count));
    std::vector<std::atomic<int>> users(static_cast<size_t>(threads));
    std::atomic<int> shared = 0;
    parallel(count, [&](int64_t i, int thread) {
      auto& of_thread = users.at(static_cast<size_t>(thread));
      if (++of_thread != 1) ++shared;
      ++visits[static_cast<size_t>(i)];
      --of_thread;
    });
    for (const auto& visit : visits) CHECK(visit == 1);
    CHECK(shared == 0);
  }
  set_thread_count(before);
}

TEST_CASE("a thread visits its run in order, and others only the end of it", "[core]") {
  const int before = thread_count();
  set_thread_count(3);
  constexpr int64_t kCount = 300;
  std::vector<std::vector<int64_t>> of_thread(3);
  parallel_for_runs(
      kCount, [&](int64_t i, int thread) { of_thread[static_cast<size_t>(thread)].push_back(i); });
  set_thread_count(before);
  for (int64_t thread = 0; thread < 3; ++thread) {
    const int64_t begin = kCount / 3 * thread, end = begin + kCount / 3;
    int64_t next = begin;
    for (const int64_t i : of_thread[static_cast<size_t>(thread)]) {
      if (i < begin || i >= end) break;  // what it took from others, when its own was done
      CHECK(i == next++);
    }
  }
}

TEST_CASE("an exception of a body is handed on", "[core]") {
  const ParallelFor parallel = GENERATE(parallel_for_with_scratch, parallel_for_runs);
  CHECK_THROWS_AS(parallel(100,
                           [](int64_t i, int /*thread*/) {
                             if (i == 42) throw std::runtime_error("42");
                           }),
                  std::runtime_error);
}

}  // namespace
}  // namespace tvw
