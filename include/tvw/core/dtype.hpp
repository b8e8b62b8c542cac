/// @file Element types of weights and activations, their names and conversions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace tvw {

enum class DType : uint8_t { kF32, kF16, kBF16 };

[[nodiscard]] int64_t size_bytes(DType dtype);     ///< of one element
[[nodiscard]] std::string_view name(DType dtype);  ///< "f32", "f16", "bf16"
/// @throws Error kUsage, listing the names that exist
[[nodiscard]] DType parse_dtype(std::string_view text);

/// Scalar conversions. To the smaller types: round to nearest, ties to even; NaN stays NaN, too
/// large becomes Inf. From them: exact.
[[nodiscard]] uint16_t f32_to_f16(float value);
[[nodiscard]] float f16_to_f32(uint16_t bits);
[[nodiscard]] uint16_t f32_to_bf16(float value);
[[nodiscard]] float bf16_to_f32(uint16_t bits);

/// `from` holds from_bytes of `dtype` elements; sizes must match element for element.
/// @throws Error kInvalidArgument sizes differ
void to_f32(DType dtype, std::span<const std::byte> from, std::span<float> to);
void from_f32(DType dtype, std::span<const float> from, std::span<std::byte> to);

}  // namespace tvw
