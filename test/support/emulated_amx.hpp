/// @file AmxRegisters for machines without AMX.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <stdexcept>

#include "tvw/kernels/amx_registers.hpp"

namespace tvw::test {

/// Sums are rounded once for each product, not as the processor does it.
struct EmulatedAmx {
  static constexpr auto kRows = static_cast<size_t>(kernels::kAmxRows);
  static constexpr auto kWords = static_cast<size_t>(kernels::kAmxPairs);
  using Register = std::array<std::array<uint32_t, kWords>, kRows>;
  struct State {
    bool configured = false;
    std::array<Register, 8> registers;
  };

  static State& state() {
    thread_local State of_thread;
    return of_thread;
  }
  static Register& at(size_t i) {
    if (!state().configured) throw std::logic_error("tiles are not configured");
    return state().registers[i];
  }

  static void configure() { state() = {true, {}}; }
  static void release() { state().configured = false; }
  template <int kRegister>
  static void clear() {
    at(kRegister) = {};
  }
  template <int kRegister>
  static void load(const void* from, int64_t row_bytes) {
    for (size_t r = 0; r < kRows; ++r) {
      std::memcpy(at(kRegister)[r].data(),
                  static_cast<const char*>(from) + static_cast<int64_t>(r) * row_bytes, 64);
    }
  }
  template <int kRegister>
  static void load_once(const void* from, int64_t row_bytes) {
    load<kRegister>(from, row_bytes);
  }
  template <int kRegister>
  static void store(void* to, int64_t row_bytes) {
    for (size_t r = 0; r < kRows; ++r) {
      std::memcpy(static_cast<char*>(to) + static_cast<int64_t>(r) * row_bytes,
                  at(kRegister)[r].data(), 64);
    }
  }
  template <int kSums, int kA, int kB>
  static void add_products() {
    for (size_t r = 0; r < kRows; ++r) {
      for (size_t c = 0; c < kWords; ++c) {
        auto sum = std::bit_cast<float>(at(kSums)[r][c]);
        for (size_t p = 0; p < kWords; ++p) {
          const uint32_t a = at(kA)[r][p], b = at(kB)[p][c];
          sum += std::bit_cast<float>(a << 16) * std::bit_cast<float>(b << 16);
          sum += std::bit_cast<float>(a & 0xFFFF0000u) * std::bit_cast<float>(b & 0xFFFF0000u);
        }
        at(kSums)[r][c] = std::bit_cast<uint32_t>(sum);
      }
    }
  }
};

}  // namespace tvw::test
