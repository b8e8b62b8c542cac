#include "tvw/core/dtype.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

#include "support/catch.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/typed_buffer.hpp"

namespace tvw {
namespace {

TEST_CASE("every f16 survives the way through f32", "[core]") {
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = f16_to_f32(half);
    if (std::isnan(value)) {
      CHECK(std::isnan(f16_to_f32(f32_to_f16(value))));
    } else if (f32_to_f16(value) != half) {
      FAIL("f16 bits " << bits << " came back as " << f32_to_f16(value));
    }
  }
}

TEST_CASE("every bf16 survives the way through f32", "[core]") {
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    const float value = bf16_to_f32(half);
    if (std::isnan(value)) {
      CHECK(std::isnan(bf16_to_f32(f32_to_bf16(value))));
    } else if (f32_to_bf16(value) != half) {
      FAIL("bf16 bits " << bits << " came back as " << f32_to_bf16(value));
    }
  }
}

TEST_CASE("f32 to f16 rounds to the nearest neighbour, ties to even", "[core]") {
  // The midpoint of every two neighbouring finite f16 values, and the f32 values beside it.
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const auto low = static_cast<uint16_t>(bits);
    const auto high = static_cast<uint16_t>(bits + 1);
    const float middle = 0.5f * f16_to_f32(low) + 0.5f * f16_to_f32(high);  // exact in f32
    const uint16_t even = (bits & 1) == 0 ? low : high;
    const float inf = std::numeric_limits<float>::infinity();
    if (f32_to_f16(middle) != even || f32_to_f16(std::nextafter(middle, -inf)) != low ||
        f32_to_f16(std::nextafter(middle, inf)) != high) {
      FAIL("between f16 bits " << bits << " and " << bits + 1);
    }
  }
  CHECK(f32_to_f16(65519.996f) == 0x7bff);
  CHECK(f32_to_f16(65520.0f) == 0x7c00);
  CHECK(f32_to_f16(-1e30f) == 0xfc00);
  CHECK(f32_to_f16(-0.0f) == 0x8000);
}

TEST_CASE("f32 to bf16 rounds ties to even", "[core]") {
  CHECK(f32_to_bf16(std::bit_cast<float>(0x3f808000u)) == 0x3f80);
  CHECK(f32_to_bf16(std::bit_cast<float>(0x3f818000u)) == 0x3f82);
  CHECK(f32_to_bf16(std::bit_cast<float>(0x3f808001u)) == 0x3f81);
  CHECK(f32_to_bf16(std::numeric_limits<float>::max()) == 0x7f80);
}

TEST_CASE("dtype names", "[core]") {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    CHECK(parse_dtype(name(dtype)) == dtype);
  }
  CHECK_THROWS_WITH(parse_dtype("fp32"), Catch::Contains("did you mean 'f32'"));
}

TEST_CASE("a typed buffer converts and keeps its bits", "[core]") {
  const std::vector<float> values{1.0f, -2.5f, 0.0f, 1024.0f, 0.125f};
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    const TypedBuffer buffer = TypedBuffer::from_f32(dtype, values);
    CHECK(buffer.size_bytes() == 5 * size_bytes(dtype));
    CHECK(reinterpret_cast<uintptr_t>(buffer.bytes().data()) % 64 == 0);
    CHECK(buffer.to_f32() == values);
    TypedBuffer copy = buffer;
    CHECK(copy == buffer);
    copy.bytes()[3] ^= std::byte{1};
    CHECK_FALSE(copy == buffer);
  }
  CHECK_THROWS_AS(TypedBuffer(DType::kF32, -1), Error);
}

}  // namespace
}  // namespace tvw
