/// @file Packing moves elements, it never computes with them: they are words of 4 or 2 bytes.
#pragma once

#include <cstdint>
#include <string>

#include "tvw/core/error.hpp"
#include "tvw/core/mask.hpp"
#include "tvw/core/typed_buffer.hpp"

namespace tvw::pack {

/// Calls body(Word{}) with uint32_t for f32 and uint16_t for f16 and bf16.
template <class Body>
decltype(auto) with_word(DType dtype, Body&& body) {
  if (size_bytes(dtype) == 4) return body(uint32_t{});
  return body(uint16_t{});
}

/// -0 becomes +0, so that a stored zero has one form; in every float format -0 is the sign bit
/// alone.
template <class Word>
Word canonical_zero(Word word) {
  constexpr auto kNegativeZero = static_cast<Word>(Word{1} << (8 * sizeof(Word) - 1));
  return word == kNegativeZero ? Word{0} : word;
}

/// @throws Error kInvalidArgument
inline void check_same_shape(const DenseMatrix& weights, const Mask& mask) {
  if (weights.K == mask.rows() && weights.N == mask.cols() &&
      weights.values.count() == weights.K * weights.N) {
    return;
  }
  throw Error(ErrorCode::kInvalidArgument, "packing: weights are [" + std::to_string(weights.K) +
                                               ", " + std::to_string(weights.N) + "], mask is [" +
                                               std::to_string(mask.rows()) + ", " +
                                               std::to_string(mask.cols()) + "]");
}

/// Can K * N elements be allocated?
/// @throws Error kBadFile negative, or more than 2^40 elements
inline void check_shape(int64_t K, int64_t N, const char* format) {
  constexpr int64_t kMax = int64_t{1} << 40;
  if (K < 0 || N < 0 || K > INT32_MAX || N > INT32_MAX || (K > 0 && N > kMax / K)) {
    throw Error(ErrorCode::kBadFile, std::string(format) + ": shape [" + std::to_string(K) + ", " +
                                         std::to_string(N) + "] is not one of a weight");
  }
}

[[noreturn]] inline void bad(const char* format, const std::string& what) {
  throw Error(ErrorCode::kBadFile, std::string(format) + ": " + what);
}

/// @throws Error kBadFile "tvw: values has 10 elements, expected 12"
inline void expect_count(const char* format, const char* what, int64_t got, int64_t expected) {
  if (got == expected) return;
  bad(format, std::string(what) + " has " + std::to_string(got) + " elements, expected " +
                  std::to_string(expected));
}

/// A kernel may multiply pads by any row.
/// @throws Error kBadFile "tvw: value 7 is a pad, but not zero"
template <class Word>
void expect_zero(const char* format, const Word* values, int64_t position) {
  if (canonical_zero(values[position]) == Word{0}) return;
  bad(format, "value " + std::to_string(position) + " is a pad, but not zero");
}

inline DenseMatrix zeros(int64_t K, int64_t N, DType dtype) {
  return {K, N, TypedBuffer(dtype, K * N)};
}

}  // namespace tvw::pack
