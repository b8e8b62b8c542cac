/// @file Memory for machine code that is made at run time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tvw::kernels::cpu {

/// Writable first, then executable, never both. Asks for huge pages from 2 MiB on.
class CodeMemory {
 public:
  /// @throws Error kUnsupported the system gives no memory
  explicit CodeMemory(size_t size_bytes);
  CodeMemory(const CodeMemory&) = delete;
  CodeMemory& operator=(const CodeMemory&) = delete;
  ~CodeMemory();

  [[nodiscard]] uint8_t* data() const { return data_; }
  [[nodiscard]] size_t size() const { return size_; }

  /// What is in it can be called from now on, and no longer be written.
  /// @throws Error kUnsupported the system does not let this program make code
  void make_executable();

 private:
  void* mapping_ = nullptr;
  size_t mapped_ = 0;
  uint8_t* data_ = nullptr;  ///< in the mapping
  size_t size_ = 0;
};

/// Whether make_executable() works here: hardened systems refuse it. Asked once.
[[nodiscard]] bool may_make_code();

}  // namespace tvw::kernels::cpu
