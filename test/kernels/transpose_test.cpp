// Transposing, every instruction set: what panels are made and taken apart by.
#include <numeric>
#include <vector>

#include "kernels/cpu/panel_kernels.hpp"
#include "support/catch.hpp"
#include "support/own_kernels_up_to.hpp"

namespace tvw {
namespace {

struct Case {
  int64_t rows, cols, from_ld, to_ld;
};

TEST_CASE("matrices are transposed, and nothing beside them is written", "[kernels]") {
  const kernels::CpuIsa isa = GENERATE(from_range(kernels::cpu_isas()));
  const test::OwnKernelsUpTo limit(isa);
  // Into panels, out of them, parts of vectors, and lines that are a page apart on either side.
  const Case c = GENERATE(Case{1, 1, 1, 1}, Case{3, 5, 7, 9}, Case{4, 4, 4, 4},
                          Case{64, 16, 64, 16}, Case{70, 13, 70, 16}, Case{16, 64, 16, 256},
                          Case{16, 47, 16, 47}, Case{9, 64, 16, 2048}, Case{1030, 16, 1030, 16},
                          Case{35, 31, 1024, 64}, Case{16, 40, 2048, 1024});
  CAPTURE(name(isa), c.rows, c.cols, c.from_ld, c.to_ld);
  std::vector<float> from(static_cast<size_t>(c.cols * c.from_ld));
  std::iota(from.begin(), from.end(), 1.0f);
  std::vector<float> to(static_cast<size_t>(c.rows * c.to_ld), -1.0f), want = to;
  for (int64_t r = 0; r < c.rows; ++r) {
    for (int64_t i = 0; i < c.cols; ++i) {
      want[static_cast<size_t>(r * c.to_ld + i)] = from[static_cast<size_t>(i * c.from_ld + r)];
    }
  }
  kernels::cpu::transpose(from.data(), c.from_ld, to.data(), c.to_ld, c.rows, c.cols);
  CHECK(to == want);
}

}  // namespace
}  // namespace tvw
