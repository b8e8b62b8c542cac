/// @file Share of zeros, as a type, so that it cannot be mistaken for the density.
#pragma once

#include <compare>

namespace tvw {

class Sparsity {
 public:
  /// @throws Error kUsage unless 0 <= zeros < 1
  explicit Sparsity(double zeros);
  [[nodiscard]] double value() const { return zeros_; }
  [[nodiscard]] double density() const { return 1.0 - zeros_; }
  // NOLINTNEXTLINE(modernize-use-nullptr): clang-tidy 14 takes the comparison for a 0
  friend auto operator<=>(const Sparsity&, const Sparsity&) = default;

 private:
  double zeros_;
};

}  // namespace tvw
