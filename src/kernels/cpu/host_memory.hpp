/// @file Host memory that kernels read at full speed, however large and wherever it lies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <vector>

namespace tvw::kernels::cpu {

inline constexpr size_t kHugePage = size_t{2} << 20;
/// A wish: small pages serve as well.
void ask_for_huge_pages(void* memory, size_t size_bytes);

/// `size_bytes` on cache lines, not initialised; from 2 MiB on it asks for huge pages: small pages
/// lie anywhere in memory, and whether they then collide in a cache is luck that differs from run
/// to run. For free_host().
/// @throws std::bad_alloc
[[nodiscard]] void* allocate_host(size_t size_bytes);
void free_host(void* memory) noexcept;

struct FreeHost {
  void operator()(void* memory) const noexcept { free_host(memory); }
};
using HostMemory = std::unique_ptr<void, FreeHost>;

/// For std::vector.
template <class T>
struct HostAllocator {
  using value_type = T;
  HostAllocator() = default;
  template <class U>
  explicit HostAllocator(const HostAllocator<U>& /*other*/) {}
  T* allocate(size_t count) { return static_cast<T*>(allocate_host(count * sizeof(T))); }
  void deallocate(T* pointer, size_t /*count*/) { free_host(pointer); }
  friend bool operator==(const HostAllocator&, const HostAllocator&) { return true; }
};

template <class T>
using HostVector = std::vector<T, HostAllocator<T>>;
using HostFloats = HostVector<float>;
using HostBytes = HostVector<std::byte>;

/// The first `size` of a scratch, which grows to the largest that was asked for.
template <class T>
T* at_least(HostVector<T>& scratch, int64_t size) {
  if (std::ssize(scratch) < size) scratch.resize(static_cast<size_t>(size));
  return scratch.data();
}

}  // namespace tvw::kernels::cpu
