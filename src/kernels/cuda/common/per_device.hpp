/// @file What belongs to one device: library handles, scratch memory.
#pragma once

#include <cuda_runtime_api.h>

#include <map>

#include "kernels/cuda/common/check.hpp"

namespace tvw::kernels::cuda {

/// What `make` returns, made when the current device is first asked for it: one for each device and
/// each place in the code (a lambda's type is its own). Not for several threads at a time.
template <class Make>
auto& per_device(Make make) {
  static std::map<int, decltype(make())> instances;
  int ordinal = 0;
  TVW_CUDA(cudaGetDevice(&ordinal));
  const auto found = instances.find(ordinal);
  if (found != instances.end()) return found->second;
  return instances.emplace(ordinal, make()).first->second;
}

}  // namespace tvw::kernels::cuda
