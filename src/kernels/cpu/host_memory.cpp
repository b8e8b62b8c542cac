#include "kernels/cpu/host_memory.hpp"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace tvw::kernels::cpu {
namespace {

constexpr size_t kLine = 64;
constexpr size_t kHugePage = size_t{2} << 20;

}  // namespace

void* allocate_host(size_t size_bytes) {
  const bool huge = size_bytes >= kHugePage;
  const size_t alignment = huge ? kHugePage : kLine;
  if (size_bytes > SIZE_MAX - alignment) throw std::bad_alloc();
  void* memory =
      std::aligned_alloc(alignment, (size_bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
#ifdef MADV_HUGEPAGE
  if (huge) (void)madvise(memory, size_bytes, MADV_HUGEPAGE);  // a wish: small pages serve as well
#endif
  return memory;
}

void free_host(void* memory) noexcept { std::free(memory); }

}  // namespace tvw::kernels::cpu
