#include "tvw/core/parallel.hpp"

#include <atomic>
#include <stdexcept>
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

}  // namespace
}  // namespace tvw
