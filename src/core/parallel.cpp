#include "tvw/core/parallel.hpp"

#include <omp.h>

#include <exception>
#include <string>

#include "tvw/core/error.hpp"

namespace tvw {

int thread_count() { return omp_get_max_threads(); }

void set_thread_count(int threads) {
  if (threads < 1) {
    throw Error(ErrorCode::kUsage,
                "number of threads is " + std::to_string(threads) + ", expected 1 or more");
  }
  omp_set_num_threads(threads);
}

void parallel_for(int64_t count, const std::function<void(int64_t)>& body) {
  parallel_for_with_scratch(count, [&](int64_t i, int /*thread*/) { body(i); });
}

void parallel_for_with_scratch(int64_t count, const std::function<void(int64_t, int)>& body) {
  std::exception_ptr first_error;
#pragma omp parallel for schedule(dynamic, 1)
  for (int64_t i = 0; i < count; ++i) {
    try {
      body(i, omp_get_thread_num());
    } catch (...) {
#pragma omp critical(tvw_parallel_for_error)
      if (!first_error) first_error = std::current_exception();
    }
  }
  if (first_error) std::rethrow_exception(first_error);
}

}  // namespace tvw
