/// @file The one way to use several threads. OpenMP underneath, the same pool oneDNN uses.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>

namespace tvw {

/// Threads that parallel_for and the kernels use. Starts as the number of cores this process may
/// run on (OMP_NUM_THREADS and CPU affinity are honoured).
[[nodiscard]] int thread_count();
/// @throws Error kUsage threads < 1
void set_thread_count(int threads);

/// Calls body(i) for each i in [0, count), each once, in no stated order. `body` writes only what
/// belongs to i, so that results do not depend on the number of threads. The first exception
/// that a body throws is rethrown when all threads have ended.
void parallel_for(int64_t count, const std::function<void(int64_t)>& body);

/// Calls of body(i, thread) for each i in [0, count), each once, where `thread` < thread_count()
/// names scratch memory that no other body uses at the same time.
struct ParallelPhase {
  int64_t count = 0;  ///< < 2^31
  std::function<void(int64_t, int)> body;
};

/// The phases in turn, for work of microseconds: threads start once, and bodies see all that those
/// of earlier phases wrote. In each, a thread begins with a run of its own of indices that follow
/// on one another, all about as long, and takes what is left at the end of the others' when it is
/// done. For bodies that cost alike and read what lies one after the other: the hardware, and the
/// body itself, may then fetch what comes next while it is busy with i. The first exception is
/// rethrown when all phases have ended.
void parallel_for_runs(std::initializer_list<ParallelPhase> phases);

}  // namespace tvw
