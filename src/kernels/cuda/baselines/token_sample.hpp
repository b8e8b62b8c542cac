/// @file A few tokens of a problem whose results are checked before a library's algorithm is taken.
#pragma once

#include <cstdint>
#include <vector>

#include "tvw/kernels/reference.hpp"

namespace tvw::kernels::cuda {

/// Runs of neighbouring tokens spread over all of them, first and last included: what an algorithm
/// does wrong because of a size shows there.
class TokenSample {
 public:
  /// `A`: the problem's activations on the device. Keeps what it samples, not `A`.
  TokenSample(const Problem& problem, const uint16_t* A);
  /// Whether the sampled results in `C`, on the device, agree with the f64 reference.
  [[nodiscard]] bool right(const uint16_t* C) const;

 private:
  /// The sampled tokens of a matrix of `features` by all tokens, in the problem's layout.
  [[nodiscard]] std::vector<float> fetch(const uint16_t* matrix, int64_t features) const;

  int64_t M_;
  std::vector<int64_t> first_tokens_;
  int64_t run_;      ///< tokens of each run
  Problem sampled_;  ///< the problem of these tokens alone
  std::vector<OutputPosition> positions_;
  std::vector<float> activations_;
};

}  // namespace tvw::kernels::cuda
