/// @file Making the L2 cold.
#pragma once

namespace tvw::kernels::cuda {

/// Queues the eviction of everything in L2: several times its size is written, then read, so that
/// no dirty line is left to be written back in somebody else's time.
/// @throws Error kUnsupported out of memory
void evict_cache();

}  // namespace tvw::kernels::cuda
