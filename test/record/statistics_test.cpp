#include "tvw/record/statistics.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include "support/catch.hpp"
#include "tvw/core/error.hpp"

using namespace tvw;
using namespace tvw::record;
using Values = std::vector<double>;

TEST_CASE("median: middle, mean of the middle two, nothing of nothing", "[record]") {
  CHECK_FALSE(median(Values{}).has_value());
  CHECK(*median(Values{7.0}) == 7.0);
  CHECK(*median(Values{3.0, 1.0, 2.0}) == 2.0);
  CHECK(*median(Values{4.0, 1.0, 2.0, 3.0}) == 2.5);
  CHECK(*median(Values{1.0, 1.0, 1e9}) == 1.0);
}

TEST_CASE("median absolute deviation ignores an outlier", "[record]") {
  CHECK_FALSE(median_absolute_deviation(Values{}).has_value());
  CHECK(*median_absolute_deviation(Values{5.0}) == 0.0);
  CHECK(*median_absolute_deviation(Values{1.0, 2.0, 3.0, 4.0, 1000.0}) == 1.0);
}

TEST_CASE("relative error needs 5 samples and shrinks with their square root", "[record]") {
  CHECK_FALSE(relative_error(Values{1.0, 2.0, 3.0, 4.0}).has_value());
  CHECK_FALSE(relative_error(0.0, 1.0, 100).has_value());
  const double of_25 = *relative_error(10.0, 1.0, 25);
  CHECK(of_25 == Approx(1.858 * 0.1 / 5.0).epsilon(1e-3));
  CHECK(*relative_error(10.0, 1.0, 100) == Approx(of_25 / 2.0));
  CHECK(*relative_error(Values{2.0, 2.0, 2.0, 2.0, 2.0}) == 0.0);
}

TEST_CASE("geometric mean", "[record]") {
  CHECK_FALSE(geometric_mean(Values{}).has_value());
  CHECK(*geometric_mean(Values{0.5, 2.0}) == Approx(1.0));
  CHECK(*geometric_mean(Values{8.0, 1.0, 1.0}) == Approx(2.0));
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double bad : {0.0, -1.0, nan, infinity}) {
    CHECK_THROWS_AS((void)geometric_mean(Values{1.0, bad}), Error);
  }
}

TEST_CASE("paired ratio cancels what both samples of a round share", "[record]") {
  // Slow rounds hit both: the ratio of medians would be off, that of pairs is not.
  const Values dense = {10.0, 30.0, 10.0, 30.0, 20.0};
  const Values sparse = {5.0, 15.0, 5.0, 15.0, 10.0};
  CHECK(*paired_ratio(dense, sparse) == 2.0);
  CHECK_FALSE(paired_ratio(dense, Values{}).has_value());
  CHECK_THROWS_AS((void)paired_ratio(dense, Values{0.0}), Error);
}
