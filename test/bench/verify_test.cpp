#include "tvw/bench/verify.hpp"

#include <cmath>
#include <set>

#include "bench/fake_device.hpp"
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

TEST_CASE("what only a run right after another gets wrong is found wherever it is", "[bench]") {
  constexpr int64_t kM = 3, kN = 5;
  const pack::PackedWeights weights =
      DenseMatrix{1, kN, TypedBuffer::from_f32(DType::kF32, std::vector<float>(kN, 2.0f))};
  const auto layout = GENERATE(kernels::Layout::kTokenMajor, kernels::Layout::kFeatureMajor);
  const kernels::Problem problem{kM, DType::kF32, layout, &weights, {}};
  const std::vector<float> A(kM, 3.0f);
  const std::vector<kernels::OutputPosition> positions = {{0, 0}};  // where it never is
  test::FakeDevice device;
  const auto C = device.allocate(kM * kN * size_bytes(DType::kF32));
  const bool wrong = GENERATE(false, true);
  const auto launch = [&] {
    device.spend("it", 1.0);
    auto* c = static_cast<float*>(C->data());
    const bool follows = !std::isnan(c[0]);
    std::fill_n(c, kM * kN, 6.0f);
    if (wrong && follows) c[7] += 1.0f;
  };
  const Verdict first = verify({problem, A, positions}, launch, device, *C);
  CHECK(first.ok);
  CHECK(first.error.checked == 1);
  const Verdict again =
      verify_again({problem, A, positions}, launch, device, *C, first.fingerprint);
  CHECK(again.ok == !wrong);
  CHECK(again.error.checked == (wrong ? 2 : 0));
  CHECK(again.reason.empty() == !wrong);
}

TEST_CASE("what adds to C is checked over what C held, and so is the run after it", "[bench]") {
  constexpr int64_t kM = 3, kN = 5;
  const pack::PackedWeights weights =
      DenseMatrix{1, kN, TypedBuffer::from_f32(DType::kF32, std::vector<float>(kN, 2.0f))};
  kernels::Problem problem{kM, DType::kF32, kernels::Layout::kTokenMajor, &weights, {}};
  problem.epilogue.add_to_c = true;
  const std::vector<float> A(kM, 3.0f), former_C(kM * kN, 100.0f);
  const auto positions = positions_to_check(problem.shape(), 1);
  test::FakeDevice device;
  const auto C = device.allocate(kM * kN * size_bytes(DType::kF32));
  enum class Adds { kAlways, kNever, kOnce };
  const Adds adds = GENERATE(Adds::kAlways, Adds::kNever, Adds::kOnce);
  const auto launch = [&] {
    device.spend("it", 1.0);
    auto* c = static_cast<float*>(C->data());
    for (int64_t i = 0; i < kM * kN; ++i) {
      const bool first = c[i] == former_C[0];
      c[i] = adds == Adds::kAlways || (adds == Adds::kOnce && first) ? c[i] + 6.0f : 6.0f;
    }
  };
  const Check check{problem, A, positions, former_C};
  const Verdict first = verify(check, launch, device, *C);
  CHECK(first.ok == (adds != Adds::kNever));
  if (!first.ok) return;
  CHECK(verify_again(check, launch, device, *C, first.fingerprint).ok == (adds == Adds::kAlways));
}
