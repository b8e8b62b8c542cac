#include "tvw/core/dtype.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <string>

#include "tvw/core/error.hpp"
#include "tvw/core/text.hpp"

namespace tvw {
namespace {

struct DTypeEntry {
  DType dtype;
  std::string_view name;
  int64_t size_bytes;
};
constexpr std::array<DTypeEntry, 3> kDTypes{{
    {DType::kF32, "f32", 4},
    {DType::kF16, "f16", 2},
    {DType::kBF16, "bf16", 2},
}};

const DTypeEntry& entry(DType dtype) { return kDTypes[static_cast<size_t>(dtype)]; }

void check_sizes(DType dtype, size_t bytes, size_t values) {
  if (bytes != values * static_cast<size_t>(size_bytes(dtype))) {
    throw Error(ErrorCode::kInvalidArgument, "conversion of " + std::string(name(dtype)) + ": " +
                                                 std::to_string(bytes) + " bytes do not hold " +
                                                 std::to_string(values) + " elements");
  }
}

}  // namespace

int64_t size_bytes(DType dtype) { return entry(dtype).size_bytes; }
std::string_view name(DType dtype) { return entry(dtype).name; }

DType parse_dtype(std::string_view text) {
  std::vector<std::string> known;
  for (const DTypeEntry& candidate : kDTypes) {
    if (candidate.name == text) return candidate.dtype;
    known.emplace_back(candidate.name);
  }
  throw Error(ErrorCode::kUsage, unknown_name("dtype", text, known));
}

uint16_t f32_to_f16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) {  // NaN: keep it quiet, keep the top of its payload
    return static_cast<uint16_t>(sign | 0x7e00u | ((magnitude >> 13) & 0x3ffu));
  }
  if (magnitude >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // rounds to Inf
  if (magnitude < 0x38800000u) {  // below 2^-14: subnormal, or zero
    // Adding 0.5 aligns the f16 subnormal's last bit with the f32's, so the FPU rounds to even.
    const float aligned = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(aligned) - 0x3f000000u));
  }
  const uint32_t odd = (magnitude >> 13) & 1u;
  return static_cast<uint16_t>(sign | ((magnitude - 0x38000000u + 0xfffu + odd) >> 13));
}

float f16_to_f32(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
  const uint32_t exponent = (bits >> 10) & 0x1fu;
  const uint32_t fraction = bits & 0x3ffu;
  if (exponent == 0x1f) return std::bit_cast<float>(sign | 0x7f800000u | (fraction << 13));
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
  }
  return std::bit_cast<float>(sign | ((exponent + 112u) << 23) | (fraction << 13));
}

uint16_t f32_to_bf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<uint16_t>((bits >> 16) | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

float bf16_to_f32(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

void to_f32(DType dtype, std::span<const std::byte> from, std::span<float> to) {
  check_sizes(dtype, from.size(), to.size());
  if (dtype == DType::kF32) {
    if (!to.empty()) std::memcpy(to.data(), from.data(), from.size());
    return;
  }
  const auto convert = dtype == DType::kF16 ? f16_to_f32 : bf16_to_f32;
  for (size_t i = 0; i < to.size(); ++i) {
    uint16_t bits;
    std::memcpy(&bits, from.data() + 2 * i, 2);
    to[i] = convert(bits);
  }
}

void from_f32(DType dtype, std::span<const float> from, std::span<std::byte> to) {
  check_sizes(dtype, to.size(), from.size());
  if (dtype == DType::kF32) {
    if (!to.empty()) std::memcpy(to.data(), from.data(), to.size());
    return;
  }
  const auto convert = dtype == DType::kF16 ? f32_to_f16 : f32_to_bf16;
  for (size_t i = 0; i < from.size(); ++i) {
    const uint16_t bits = convert(from[i]);
    std::memcpy(to.data() + 2 * i, &bits, 2);
  }
}

}  // namespace tvw
