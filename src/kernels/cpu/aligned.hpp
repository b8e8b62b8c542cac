/// @file A vector of floats on cache lines.
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace tvw::kernels::cpu {

template <class T>
struct LineAllocator {
  using value_type = T;
  LineAllocator() = default;
  template <class U>
  explicit LineAllocator(const LineAllocator<U>& /*other*/) {}
  T* allocate(size_t count) {
    return static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{64}));
  }
  void deallocate(T* pointer, size_t /*count*/) {
    ::operator delete (pointer, std::align_val_t{64});
  }
  friend bool operator==(const LineAllocator&, const LineAllocator&) { return true; }
};

using AlignedFloats = std::vector<float, LineAllocator<float>>;

}  // namespace tvw::kernels::cpu
