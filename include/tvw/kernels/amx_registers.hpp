/// @file The tile registers of AMX, as the processor has them. Ask cpu_isa() first.
#pragma once

#include <cstdint>

namespace tvw::kernels {

/// All eight registers hold 16 rows of 64 bytes: 16 x 16 sums, or 16 x 16 pairs of bf16.
inline constexpr int64_t kAmxRows = 16;
inline constexpr int64_t kAmxPairs = 16;  ///< of a row
inline constexpr int64_t kAmxRegisterWords = kAmxRows * kAmxPairs;

#if defined(__x86_64__)
/// Of the calling thread. Loads and stores keep their order among the program's other accesses to
/// memory.
struct AmxRegisters {
  /// Before any of the others; the registers hold zeros then.
  static void configure() {
    struct alignas(64) Config {
      uint8_t palette = 1, start_row = 0, reserved[14] = {};
      uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    };
    static_assert(sizeof(Config) == 64);
    static constexpr Config kConfig;
    asm volatile("ldtilecfg %0" ::"m"(kConfig));
  }
  /// At the end: a thread that holds tiles costs the system time.
  static void release() { asm volatile("tilerelease"); }

  template <int kRegister>
  static void clear() {
    asm volatile("tilezero %%tmm%c0" ::"i"(kRegister));
  }
  /// Rows `row_bytes` apart.
  template <int kRegister>
  static void load(const void* from, int64_t row_bytes) {
    asm volatile("tileloadd (%1,%2,1), %%tmm%c0" ::"i"(kRegister), "r"(from), "r"(row_bytes)
                 : "memory");
  }
  /// What is not read again soon: it need not push anything out of the L1 cache.
  template <int kRegister>
  static void load_once(const void* from, int64_t row_bytes) {
    asm volatile("tileloaddt1 (%1,%2,1), %%tmm%c0" ::"i"(kRegister), "r"(from), "r"(row_bytes)
                 : "memory");
  }
  template <int kRegister>
  static void store(void* to, int64_t row_bytes) {
    asm volatile("tilestored %%tmm%c0, (%1,%2,1)" ::"i"(kRegister), "r"(to), "r"(row_bytes)
                 : "memory");
  }
  /// sums[i][j] += the sum over p of the products of the pairs a[i][p] and b[p][j].
  template <int kSums, int kA, int kB>
  static void add_products() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kSums), "i"(kA), "i"(kB));
  }
};
#endif

}  // namespace tvw::kernels
