#include "tvw/bench/verify.hpp"

#include <set>

#include "support/catch.hpp"

using namespace tvw;
using namespace tvw::bench;

TEST_CASE("small products are checked whole", "[bench]") {
  CHECK(positions_to_check({16, 32, 64}, 1).size() == 16 * 32);
}

TEST_CASE("of large products every row and column is checked, and the corners", "[bench]") {
  const GemmShape shape{700, 3000, 4096};
  const auto positions = positions_to_check(shape, 7);
  CHECK(positions.size() == 4 + 700 + 3000);
  std::set<int64_t> rows, columns;
  bool inside = true;
  for (const auto& [m, n] : positions) {
    inside = inside && m >= 0 && m < shape.M && n >= 0 && n < shape.N;
    rows.insert(m);
    columns.insert(n);
  }
  CHECK(inside);
  CHECK(rows.size() == 700);
  CHECK(columns.size() == 3000);
  CHECK(positions_to_check(shape, 8)[10].m != positions[10].m);  // another seed, other places
}

TEST_CASE("the sample of a huge product is bounded", "[bench]") {
  CHECK(positions_to_check({1 << 20, 1 << 20, 4096}, 7).size() == 4 + 2 * 16384);
}
