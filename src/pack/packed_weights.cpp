#include "tvw/pack/packed_weights.hpp"

#include "tvw/core/error.hpp"

namespace tvw::pack {
namespace {

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

const TypedBuffer& values_of(const PackedWeights& packed) {
  return std::visit(
      Overloaded{[](const BlockEllMatrix& m) -> const TypedBuffer& { return m.ell_values; },
                 [](const auto& m) -> const TypedBuffer& { return m.values; }},
      packed);
}

template <class T>
int64_t bytes_of(const std::vector<T>& list) {
  return static_cast<int64_t>(list.size() * sizeof(T));
}

const TileLayout& tiles_of(const Selection& selection) {
  if (selection.tiles) return *selection.tiles;
  throw Error(ErrorCode::kInvalidArgument, "a tiled pattern was selected without its tiles");
}

}  // namespace

std::string_view format_name(const PackedWeights& packed) {
  return std::visit(
      Overloaded{[](const DenseMatrix&) { return "dense"; }, [](const CsrMatrix&) { return "csr"; },
                 [](const BlockEllMatrix&) { return "block-ell"; },
                 [](const NmMatrix&) { return "nm"; }, [](const TwMatrix&) { return "tw"; },
                 [](const TvwMatrix&) { return "tvw"; }},
      packed);
}

bool is_packable(const PatternSpec& spec) {
  const bool has_ratio = spec.kind == PatternKind::kNm || spec.kind == PatternKind::kTvw;
  return !has_ratio || is_packable(spec.nm);
}

PackedWeights pack(const DenseMatrix& weights, const Selection& selection,
                   const PatternSpec& spec) {
  switch (spec.kind) {
    case PatternKind::kEw:
      return pack_csr(weights, selection.mask);
    case PatternKind::kNm:
      return pack_nm(weights, selection.mask, spec.nm);
    case PatternKind::kBlock:
      return pack_block_ell(weights, selection.mask, spec.block_size);
    case PatternKind::kTw:
      return pack_tw(weights, selection.mask, tiles_of(selection));
    case PatternKind::kTvw:
      return pack_tvw(weights, selection.mask, tiles_of(selection), spec.nm);
  }
  throw Error(ErrorCode::kInvalidArgument, "pattern without a packed form");
}

DenseMatrix unpack(const PackedWeights& packed) {
  return std::visit(
      Overloaded{[](const DenseMatrix& m) { return m; }, [](const auto& m) { return unpack(m); }},
      packed);
}

void validate(const PackedWeights& packed) {
  std::visit(Overloaded{[](const DenseMatrix& m) {
                          if (m.K >= 0 && m.N >= 0 && m.values.count() == m.K * m.N) return;
                          throw Error(ErrorCode::kBadFile, "dense: shape does not fit its values");
                        },
                        [](const auto& m) { validate(m); }},
             packed);
}

int64_t rows(const PackedWeights& packed) {
  return std::visit([](const auto& m) { return m.K; }, packed);
}

int64_t cols(const PackedWeights& packed) {
  return std::visit([](const auto& m) { return m.N; }, packed);
}

DType dtype(const PackedWeights& packed) { return values_of(packed).dtype(); }

int64_t stored_values(const PackedWeights& packed) { return values_of(packed).count(); }

int64_t size_bytes(const PackedWeights& packed) {
  const int64_t indices = std::visit(
      Overloaded{
          [](const DenseMatrix&) { return int64_t{0}; },
          [](const CsrMatrix& m) { return bytes_of(m.row_offsets) + bytes_of(m.column_indices); },
          [](const BlockEllMatrix& m) { return bytes_of(m.ell_col_ind); },
          [](const NmMatrix& m) { return bytes_of(m.index); },
          [](const TwMatrix& m) {
            return bytes_of(m.k_index) + bytes_of(m.n_index) + bytes_of(m.row_offsets);
          },
          [](const TvwMatrix& m) {
            return bytes_of(m.index) + bytes_of(m.k_index) + bytes_of(m.n_index) +
                   bytes_of(m.row_offsets);
          }},
      packed);
  return values_of(packed).size_bytes() + indices;
}

}  // namespace tvw::pack
