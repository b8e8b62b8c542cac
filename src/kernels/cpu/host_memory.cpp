#include "kernels/cpu/host_memory.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace tvw::kernels::cpu {
namespace {

constexpr size_t kLine = 64;

}  // namespace

void ask_for_huge_pages([[maybe_unused]] void* memory, [[maybe_unused]] size_t size_bytes) {
#ifdef MADV_HUGEPAGE
  (void)madvise(memory, size_bytes, MADV_HUGEPAGE);
#endif
}

void* allocate_host(size_t size_bytes) {
  const bool huge = size_bytes >= kHugePage;
  const size_t alignment = huge ? kHugePage : kLine;
  if (size_bytes > SIZE_MAX - alignment) throw std::bad_alloc();
  void* memory =
      std::aligned_alloc(alignment, (size_bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  if (huge) ask_for_huge_pages(memory, size_bytes);
  return memory;
}

void free_host(void* memory) noexcept { std::free(memory); }

}  // namespace tvw::kernels::cpu
