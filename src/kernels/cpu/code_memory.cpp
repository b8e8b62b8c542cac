#include "kernels/cpu/code_memory.hpp"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "kernels/cpu/host_memory.hpp"
#include "tvw/core/error.hpp"

namespace tvw::kernels::cpu {
namespace {

[[noreturn]] void refuse(const std::string& what, size_t size_bytes) {
  throw Error(ErrorCode::kUnsupported, "code for weights: " + what + " " +
                                           std::to_string(size_bytes) +
                                           " bytes: " + std::strerror(errno));
}

}  // namespace

CodeMemory::CodeMemory(size_t size_bytes) : size_(size_bytes) {
  const bool huge = size_bytes >= kHugePage;
  mapped_ = size_bytes + (huge ? kHugePage : 0);
  mapping_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping_ == MAP_FAILED) refuse("cannot map", size_bytes);
  data_ = static_cast<uint8_t*>(mapping_);
  if (!huge) return;
  data_ += (kHugePage - reinterpret_cast<uintptr_t>(data_) % kHugePage) % kHugePage;
  ask_for_huge_pages(data_, size_);
}

CodeMemory::~CodeMemory() { munmap(mapping_, mapped_); }

void CodeMemory::make_executable() {
  if (mprotect(mapping_, mapped_, PROT_READ | PROT_EXEC) != 0) {
    refuse("cannot make executable", size_);
  }
}

bool may_make_code() {
  static const bool kMay = [] {
    try {
      CodeMemory(1).make_executable();
      return true;
    } catch (const Error&) {
      return false;
    }
  }();
  return kMay;
}

}  // namespace tvw::kernels::cpu
