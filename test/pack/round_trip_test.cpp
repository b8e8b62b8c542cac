// unpack(pack(x)) is x under the mask, bit for bit, for every format, type and awkward shape.
#include <cstring>

#include "support/catch.hpp"
#include "support/random_weights.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/parallel.hpp"
#include "tvw/pack/packed_weights.hpp"

namespace tvw {
namespace {

struct Shape {
  int64_t K, N;
};
constexpr Shape kShapes[] = {{1, 1},   {3, 5},    {4, 64},   {16, 64},  {17, 65},
                             {64, 63}, {130, 70}, {96, 200}, {257, 64}, {40, 1}};
constexpr const char* kPatterns[] = {"ew",
                                     "2:4",
                                     "1:4",
                                     "1:2",
                                     "3:4",
                                     "block:b=8",
                                     "block:b=32",
                                     "tw:g=64",
                                     "tw:g=7",
                                     "tvw:g=64,nm=2:4",
                                     "tvw:g=16,nm=1:4",
                                     "tvw:g=5,nm=1:2"};

template <class Word>
void check_masked(const DenseMatrix& got, const DenseMatrix& source, const Mask& mask) {
  const Word* a = got.values.words<Word>();
  const Word* b = source.values.words<Word>();
  int64_t wrong = 0;
  for (int64_t k = 0; k < source.K; ++k) {
    for (int64_t n = 0; n < source.N; ++n) {
      const int64_t i = k * source.N + n;
      if (a[i] != (mask.kept(k, n) ? b[i] : Word{0})) ++wrong;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("unpack(pack(x)) is x under the mask", "[pack]") {
  uint32_t seed = 0;
  for (const char* text : kPatterns) {
    const PatternSpec spec = parse_pattern(text);
    for (const Shape shape : kShapes) {
      for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
        for (const double density : {0.0, 0.3, 1.0}) {
          CAPTURE(text, shape.K, shape.N, name(dtype), density);
          const DenseMatrix dense = test::random_dense(shape.K, shape.N, dtype, ++seed);
          const Selection selection =
              test::random_selection(shape.K, shape.N, spec, density, seed, seed % 2 == 0);
          const pack::PackedWeights packed = pack::pack(dense, selection, spec);
          CHECK_NOTHROW(pack::validate(packed));
          CHECK(pack::rows(packed) == shape.K);
          CHECK(pack::cols(packed) == shape.N);
          CHECK(pack::dtype(packed) == dtype);
          CHECK(pack::size_bytes(packed) >= selection.mask.kept_count() * size_bytes(dtype));
          const DenseMatrix back = pack::unpack(packed);
          if (dtype == DType::kF32) {
            check_masked<uint32_t>(back, dense, selection.mask);
          } else {
            check_masked<uint16_t>(back, dense, selection.mask);
          }
        }
      }
    }
  }
}

TEST_CASE("negative zero is stored as zero", "[pack]") {
  const std::vector<float> values{-0.0f, 1.0f, -0.0f, 2.0f};
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    const DenseMatrix dense{4, 1, TypedBuffer::from_f32(dtype, values)};
    const pack::PackedWeights packed =
        pack::pack(dense, {Mask(4, 1, true), {}}, parse_pattern("ew"));
    const DenseMatrix back = pack::unpack(packed);
    for (int64_t i = 0; i < size_bytes(dtype); ++i) {
      CHECK(back.values.bytes()[static_cast<size_t>(i)] == std::byte{0});
    }
  }
}

TEST_CASE("packing gives the same bits for any number of threads", "[pack]") {
  const int before = thread_count();
  const PatternSpec spec = parse_pattern("tvw:g=16");
  const DenseMatrix dense = test::random_dense(96, 130, DType::kF32, 1);
  const Selection selection = test::random_selection(96, 130, spec, 0.5, 1);
  set_thread_count(1);
  const pack::PackedWeights one = pack::pack(dense, selection, spec);
  for (const int threads : {2, 3, 7}) {
    set_thread_count(threads);
    CHECK(pack::pack(dense, selection, spec) == one);
  }
  set_thread_count(before);
}

TEST_CASE("a mask that is not of the pattern is refused", "[pack]") {
  const DenseMatrix dense = test::random_dense(16, 16, DType::kF32, 1);
  const Selection everything{Mask(16, 16, true), {}};
  const auto code = [&](const char* text, const Selection& selection) {
    try {
      static_cast<void>(pack::pack(dense, selection, parse_pattern(text)));
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kNothingToDo;
  };
  CHECK(code("2:4", everything) == ErrorCode::kPatternMismatch);
  CHECK(code("4:8", everything) == ErrorCode::kUnsupported);
  Selection part{Mask(16, 16, false), {}};
  part.mask.keep(0, 0);
  CHECK(code("block:b=8", part) == ErrorCode::kPatternMismatch);
  Selection outside = part;
  outside.tiles = TileLayout{8, {Tile{{1}, {1}}}};
  CHECK(code("tw:g=8", outside) == ErrorCode::kPatternMismatch);
  Selection quad{Mask(16, 16, true), TileLayout{16, {Tile{{}, {}}}}};
  for (int32_t i = 0; i < 16; ++i) {
    quad.tiles->tiles[0].kept_k.push_back(i);
    quad.tiles->tiles[0].kept_n.push_back(i);
  }
  CHECK(code("tvw:g=16", quad) == ErrorCode::kPatternMismatch);
  quad.tiles->tiles[0].kept_n[3] = 2;
  CHECK(code("tw:g=16", quad) == ErrorCode::kPatternMismatch);  // a column twice
  quad.tiles->tiles[0].kept_n[3] = 99;
  CHECK(code("tw:g=16", quad) == ErrorCode::kPatternMismatch);        // out of range
  CHECK(code("tw:g=16", everything) == ErrorCode::kInvalidArgument);  // no tiles
}

}  // namespace
}  // namespace tvw
