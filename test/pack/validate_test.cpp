// What comes from a file is checked before anything is computed with it.
#include "support/catch.hpp"
#include "support/random_weights.hpp"
#include "tvw/core/error.hpp"
#include "tvw/pack/index2.hpp"
#include "tvw/pack/packed_weights.hpp"

namespace tvw {
namespace {

template <class Matrix>
Matrix packed_as(const char* pattern) {
  const PatternSpec spec = parse_pattern(pattern);
  const DenseMatrix dense = test::random_dense(64, 48, DType::kF32, 3);
  return std::get<Matrix>(pack::pack(dense, test::random_selection(64, 48, spec, 0.5, 3), spec));
}

template <class Matrix, class Damage>
void refuses(Matrix matrix, const Damage& damage) {
  CHECK_NOTHROW(pack::validate(matrix));
  damage(matrix);
  try {
    pack::validate(matrix);
    FAIL_CHECK("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kBadFile);
  }
}

TEST_CASE("damaged CSR is refused", "[pack]") {
  using M = pack::CsrMatrix;
  const M good = packed_as<M>("ew");
  refuses(good, [](M& m) { m.K = -1; });
  refuses(good, [](M& m) { m.K = int64_t{1} << 62; });
  refuses(good, [](M& m) { m.row_offsets.pop_back(); });
  refuses(good, [](M& m) { m.row_offsets.back() += 1; });
  refuses(good, [](M& m) { m.row_offsets[5] = -7; });
  refuses(good, [](M& m) { m.row_offsets[5] = int64_t{1} << 40; });
  refuses(good, [](M& m) { m.column_indices[0] = 48; });
  refuses(good, [](M& m) { m.column_indices[0] = -1; });
  refuses(good, [](M& m) { m.column_indices[1] = m.column_indices[0]; });
  refuses(good, [](M& m) { m.values = TypedBuffer(DType::kF32, 1); });
}

TEST_CASE("damaged Blocked-ELL is refused", "[pack]") {
  using M = pack::BlockEllMatrix;
  const M good = packed_as<M>("block:b=8");
  refuses(good, [](M& m) { m.ell_block_size = 0; });
  refuses(good, [](M& m) { m.ell_block_size = int64_t{1} << 40; });
  refuses(good, [](M& m) { m.ell_cols = -8; });
  refuses(good, [](M& m) { m.ell_cols += 8; });
  refuses(good, [](M& m) { m.ell_cols = int64_t{1} << 50; });
  refuses(good, [](M& m) { m.ell_col_ind[0] = 8; });
  refuses(good, [](M& m) { m.ell_col_ind[0] = -2; });
  refuses(good, [](M& m) { m.ell_col_ind.pop_back(); });
  refuses(good, [](M& m) { m.ell_values = TypedBuffer(DType::kF32, 64); });
}

TEST_CASE("damaged N:M is refused", "[pack]") {
  using M = pack::NmMatrix;
  const M good = packed_as<M>("2:4");
  refuses(good, [](M& m) { m.nm = {0, 4}; });
  refuses(good, [](M& m) { m.nm = {2, 8}; });
  refuses(good, [](M& m) { m.N = 47; });
  refuses(good, [](M& m) { m.index.pop_back(); });
  refuses(good, [](M& m) { m.index[0] = 0xff; });
}

TEST_CASE("damaged TW is refused", "[pack]") {
  using M = pack::TwMatrix;
  const M good = packed_as<M>("tw:g=16");
  refuses(good, [](M& m) { m.granularity = 0; });
  refuses(good, [](M& m) { m.granularity = int64_t{1} << 40; });
  refuses(good, [](M& m) { m.k_index[0] = 65; });
  refuses(good, [](M& m) { m.k_index[0] = -1; });
  refuses(good, [](M& m) { m.k_index[1] = m.k_index[0]; });
  refuses(good, [](M& m) { m.n_index[0] = 49; });
  refuses(good, [](M& m) { m.n_index[1] = m.n_index[0]; });
  refuses(good, [](M& m) { m.row_offsets[1] += 1; });
  refuses(good, [](M& m) { m.row_offsets[1] = -16; });
  refuses(good, [](M& m) { m.row_offsets.clear(); });
  refuses(good, [](M& m) { m.values = TypedBuffer(DType::kF16, 3); });
}

TEST_CASE("damaged TVW is refused", "[pack]") {
  using M = pack::TvwMatrix;
  const M good = packed_as<M>("tvw:g=16");
  refuses(good, [](M& m) { m.nm = {3, 2}; });
  refuses(good, [](M& m) { m.nm = {1, 3}; });
  refuses(good, [](M& m) { m.k_index.resize(m.k_index.size() - 16); });
  refuses(good, [](M& m) { m.k_index[0] = 70; });
  refuses(good, [](M& m) {
    m.index[0] = 0;
    m.index[m.index.size() / 2] = 0xff;
  });
  refuses(good, [](M& m) { m.index.push_back(0); });
  refuses(good, [](M& m) { m.n_index.push_back(0); });
}

/// Of 61 x 44 weights: so many stored values, once damaged one by one, are refused as pads.
template <class Matrix>
int64_t refused_pads(const char* pattern) {
  const PatternSpec spec = parse_pattern(pattern);
  const DenseMatrix dense = test::random_dense(61, 44, DType::kF32, 3);
  const auto good =
      std::get<Matrix>(pack::pack(dense, test::random_selection(61, 44, spec, 0.5, 3), spec));
  CHECK_NOTHROW(pack::validate(good));
  int64_t refused = 0;
  for (int64_t i = 0; i < good.values.count(); ++i) {
    Matrix damaged = good;
    damaged.values.template words<uint32_t>()[i] = 0x3f800000;
    const bool same_weights = pack::unpack(damaged) == pack::unpack(good);
    try {
      pack::validate(damaged);
      CHECK_FALSE((same_weights && good.values.template words<uint32_t>()[i] != 0x3f800000));
    } catch (const Error& error) {
      CHECK(same_weights);
      CHECK_THAT(error.what(), Catch::Contains("value " + std::to_string(i) + " is a pad"));
      ++refused;
    }
  }
  return refused;
}

TEST_CASE("a value where a pad is, which no weight shows, is refused", "[pack]") {
  CHECK(refused_pads<pack::TwMatrix>("tw:g=16") > 0);
  CHECK(refused_pads<pack::TvwMatrix>("tvw:g=16") > 0);
  CHECK(refused_pads<pack::NmMatrix>("2:4") > 0);
}

TEST_CASE("2-bit indices read back as they were set", "[pack]") {
  std::vector<uint8_t> packed(static_cast<size_t>(pack::index2_bytes(13)));
  for (int64_t i = 0; i < 13; ++i) pack::set_index2(packed.data(), i, static_cast<int>(i * 7 % 4));
  for (int64_t i = 0; i < 13; ++i) CHECK(pack::get_index2(packed.data(), i) == i * 7 % 4);
}

}  // namespace
}  // namespace tvw
