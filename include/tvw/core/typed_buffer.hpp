/// @file Owning array of f32/f16/bf16 elements, 64-byte aligned, host memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "tvw/core/dtype.hpp"

namespace tvw {

/// Zero-filled on construction. Copyable; a copy owns its own elements. The bits are kept as they
/// are: nothing is rounded unless a conversion is asked for.
class TypedBuffer {
 public:
  TypedBuffer() = default;
  TypedBuffer(DType dtype, int64_t count);
  /// Rounds `values` to `dtype`.
  [[nodiscard]] static TypedBuffer from_f32(DType dtype, std::span<const float> values);

  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] int64_t count() const { return count_; }
  [[nodiscard]] int64_t size_bytes() const { return count_ * tvw::size_bytes(dtype_); }
  [[nodiscard]] std::span<std::byte> bytes() { return {storage(), byte_count()}; }
  [[nodiscard]] std::span<const std::byte> bytes() const { return {storage(), byte_count()}; }

  /// The elements as words of their own size: uint32_t for f32, uint16_t for f16 and bf16.
  /// REQUIRES: sizeof(Word) == size_bytes(dtype()).
  template <class Word>
  [[nodiscard]] Word* words() {
    return reinterpret_cast<Word*>(storage());
  }
  template <class Word>
  [[nodiscard]] const Word* words() const {
    return reinterpret_cast<const Word*>(storage());
  }

  [[nodiscard]] std::vector<float> to_f32() const;
  friend bool operator==(const TypedBuffer& a, const TypedBuffer& b);

 private:
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  [[nodiscard]] size_t byte_count() const { return static_cast<size_t>(size_bytes()); }
  [[nodiscard]] std::byte* storage() { return reinterpret_cast<std::byte*>(lines_.data()); }
  [[nodiscard]] const std::byte* storage() const {
    return reinterpret_cast<const std::byte*>(lines_.data());
  }

  DType dtype_ = DType::kF32;
  int64_t count_ = 0;
  std::vector<Line> lines_;
};

/// A dense weight B[K, N] row-major in the element type it was stored in.
struct DenseMatrix {
  int64_t K = 0;
  int64_t N = 0;
  TypedBuffer values;  ///< [K, N]
  friend bool operator==(const DenseMatrix&, const DenseMatrix&) = default;
};

}  // namespace tvw
