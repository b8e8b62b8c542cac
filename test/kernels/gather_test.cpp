// Values from scattered places, every instruction set.
#include "kernels/cpu/gather.hpp"

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include "support/catch.hpp"
#include "support/own_kernels_up_to.hpp"

namespace tvw {
namespace {

TEST_CASE("values are gathered from anywhere and added", "[kernels]") {
  const kernels::CpuIsa isa = GENERATE(from_range(kernels::cpu_isas()));
  const int64_t count = GENERATE(0, 1, 15, 16, 33, 100);
  const test::OwnKernelsUpTo limit(isa);
  CAPTURE(name(isa), count);
  constexpr size_t kFrom = 100;
  std::vector<float> from(kFrom);
  std::iota(from.begin(), from.end(), 0.5f);
  std::vector<int32_t> at(kFrom);
  std::iota(at.begin(), at.end(), 0);
  std::ranges::shuffle(at, std::mt19937(1));
  at[7] = at[8];  // one place twice
  std::vector<float> plus(kFrom);
  std::iota(plus.begin(), plus.end(), 1000.0f);
  constexpr float kUntouched = -1.0f;
  std::vector<float> to(kFrom + 1, kUntouched);
  kernels::cpu::gather_and_add()(from.data(), at.data(), plus.data(), count, to.data());
  std::vector<float> want(kFrom + 1, kUntouched);
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    want[i] = from[static_cast<size_t>(at[i])] + plus[i];
  }
  CHECK(to == want);
}

}  // namespace
}  // namespace tvw
