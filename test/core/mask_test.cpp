#include "tvw/core/mask.hpp"

#include <limits>

#include "support/catch.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/sparsity.hpp"

namespace tvw {
namespace {

TEST_CASE("a mask counts only its own bits", "[core]") {
  for (const int64_t cols : {1, 63, 64, 65, 130}) {
    Mask mask(3, cols, true);
    CHECK(mask.kept_count() == 3 * cols);
    CHECK(mask.sparsity() == 0.0);
    mask.drop(1, cols - 1);
    CHECK_FALSE(mask.kept(1, cols - 1));
    CHECK(mask.kept_count() == 3 * cols - 1);
    mask.keep(1, cols - 1);
    CHECK(mask == Mask(3, cols, true));
  }
  CHECK(Mask(2, 10, false).sparsity() == 1.0);
  CHECK(Mask().sparsity() == 0.0);
  CHECK_THROWS_AS(Mask(-1, 2, true), Error);
}

TEST_CASE("sparsity is a share of zeros below 1", "[core]") {
  CHECK(Sparsity(0.75).density() == 0.25);
  CHECK_NOTHROW(Sparsity(0.0));
  for (const double bad : {1.0, -0.1, 2.0, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_AS(Sparsity(bad), Error);
  }
}

}  // namespace
}  // namespace tvw
