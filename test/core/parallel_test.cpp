#include "tvw/core/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "tvw/core/error.hpp"

namespace tvw {
namespace {

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

TEST_CASE("phases come in turn, visit every index once, and a thread has its scratch to itself",
          "[core]") {
  const std::vector<int64_t> counts = {300, 0, 1, 7, 1000};
  const int before = thread_count();
  for (const int threads : {1, 2, 5}) {
    set_thread_count(threads);
    std::vector<std::vector<int>> visits;  // not atomic: a phase sees what was written before
    for (const int64_t count : counts) visits.emplace_back(static_cast<size_t>(count));
    std::vector<std::atomic<int>> users(static_cast<size_t>(threads));
    std::atomic<int> early = 0, shared = 0;
    const auto phase = [&](size_t p) {
      return ParallelPhase{counts[p], [&, p](int64_t i, int thread) {
                             auto& of_thread = users.at(static_cast<size_t>(thread));
                             if (++of_thread != 1) ++shared;
                             for (size_t earlier = 0; earlier < p; ++earlier) {
                               early += static_cast<int>(std::ranges::count(visits[earlier], 0));
                             }
                             ++visits[p][static_cast<size_t>(i)];
                             --of_thread;
                           }};
    };
    parallel_for_runs({phase(0), phase(1), phase(2), phase(3), phase(4)});
    CHECK(early == 0);
    CHECK(shared == 0);
    for (const std::vector<int>& of_phase : visits)
      CHECK(std::ranges::count(of_phase, 1) == std::ssize(of_phase));
  }
  set_thread_count(before);
}

TEST_CASE("a thread visits its run in order, and others only the end of it", "[core]") {
  const int before = thread_count();
  set_thread_count(3);
  constexpr int64_t kCount = 300;
  std::mutex mutex;
  std::map<int, std::vector<int64_t>> of_thread;
  parallel_for_runs({{kCount, [&](int64_t i, int thread) {
                        const std::lock_guard lock(mutex);
                        of_thread[thread].push_back(i);
                      }}});
  set_thread_count(before);
  CHECK(of_thread.size() <= 3);
  for (const auto& [thread, visited] : of_thread) {
    if (visited.front() % 100 != 0) continue;  // it came late: others had taken its run
    const int64_t begin = visited.front(), end = begin + 100;
    int64_t next = begin;
    for (const int64_t i : visited) {
      if (i < begin || i >= end) break;  // what it took from others, when its own was done
      CHECK(i == next++);
    }
  }
}

TEST_CASE("an exception of a phase is handed on, and those after it run", "[core]") {
  const auto fail = [](int64_t i, int /*thread*/) {
    if (i == 42) throw std::runtime_error("42");
  };
  int64_t visits = 0;
  CHECK_THROWS_AS(
      parallel_for_runs({{100, fail}, {1, [&](int64_t /*i*/, int /*thread*/) { ++visits; }}}),
      std::runtime_error);
  CHECK(visits == 1);
}

}  // namespace
}  // namespace tvw
