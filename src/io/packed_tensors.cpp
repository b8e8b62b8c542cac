#include "io/packed_tensors.hpp"

#include <cstring>

#include "io/element_types.hpp"
#include "tvw/core/error.hpp"
#include "tvw/io/write_model.hpp"

namespace tvw::io {
namespace {

using pack::BlockEllMatrix;
using pack::CsrMatrix;
using pack::NmMatrix;
using pack::TvwMatrix;
using pack::TwMatrix;

PackedTensor values_tensor(const TypedBuffer& values, std::vector<int64_t> shape) {
  return {"values", safetensors_type(values.dtype()), std::move(shape), values.bytes(), {}};
}

template <class T>
PackedTensor list_tensor(std::string suffix, std::string dtype, std::vector<int64_t> shape,
                         const std::vector<T>& list) {
  return {
      std::move(suffix), std::move(dtype), std::move(shape), std::as_bytes(std::span(list)), {}};
}

/// The tile of each value row, where `keep` value rows belong to `group` entries of k_index.
PackedTensor row_tile_tensor(const std::vector<int32_t>& row_offsets, int64_t keep, int64_t group) {
  PackedTensor tensor{"row_tile", "I32", {}, {}, {}};
  for (size_t t = 0; t + 1 < row_offsets.size(); ++t) {
    const int64_t rows = (row_offsets[t + 1] - row_offsets[t]) / group * keep;
    tensor.owned.insert(tensor.owned.end(), static_cast<size_t>(rows), static_cast<int32_t>(t));
  }
  tensor.shape = {static_cast<int64_t>(tensor.owned.size())};
  tensor.bytes = std::as_bytes(std::span(tensor.owned));
  return tensor;
}

struct ToTensors {
  std::vector<PackedTensor> operator()(const DenseMatrix& /*m*/) const {
    throw Error(ErrorCode::kInvalidArgument, "a dense weight has no packed tensors");
  }
  std::vector<PackedTensor> operator()(const CsrMatrix& m) const {
    const int64_t nnz = m.values.count();
    std::vector<PackedTensor> tensors;
    tensors.push_back(values_tensor(m.values, {nnz}));
    tensors.push_back(list_tensor("row_offsets", "I64", {m.K + 1}, m.row_offsets));
    tensors.push_back(list_tensor("column_indices", "I32", {nnz}, m.column_indices));
    return tensors;
  }
  std::vector<PackedTensor> operator()(const BlockEllMatrix& m) const {
    const int64_t b = m.ell_block_size;
    std::vector<PackedTensor> tensors;
    tensors.push_back(values_tensor(m.ell_values, {m.block_rows(), m.slots(), b, b}));
    tensors.push_back(
        list_tensor("column_blocks", "I32", {m.block_rows(), m.slots()}, m.ell_col_ind));
    return tensors;
  }
  std::vector<PackedTensor> operator()(const NmMatrix& m) const {
    std::vector<PackedTensor> tensors;
    tensors.push_back(values_tensor(m.values, {m.packed_rows(), m.N}));
    tensors.push_back(list_tensor("index", "U8", {static_cast<int64_t>(m.index.size())}, m.index));
    return tensors;
  }
  std::vector<PackedTensor> operator()(const TwMatrix& m) const {
    std::vector<PackedTensor> tensors;
    tensors.push_back(values_tensor(m.values, {m.packed_rows(), m.granularity}));
    tensors.push_back(list_tensor("k_index", "I32", {m.packed_rows()}, m.k_index));
    tensors.push_back(list_tensor("n_index", "I32", {m.tiles(), m.granularity}, m.n_index));
    tensors.push_back(row_tile_tensor(m.row_offsets, 1, 1));
    return tensors;
  }
  std::vector<PackedTensor> operator()(const TvwMatrix& m) const {
    std::vector<PackedTensor> tensors;
    tensors.push_back(values_tensor(m.values, {m.packed_rows(), m.granularity}));
    tensors.push_back(list_tensor("index", "U8", {static_cast<int64_t>(m.index.size())}, m.index));
    tensors.push_back(list_tensor("k_index", "I32", {m.logical_rows()}, m.k_index));
    tensors.push_back(list_tensor("n_index", "I32", {m.tiles(), m.granularity}, m.n_index));
    tensors.push_back(row_tile_tensor(m.row_offsets, m.nm.keep, m.nm.group));
    return tensors;
  }
};

[[noreturn]] void bad(const std::string& suffix, const std::string& what) {
  throw Error(ErrorCode::kBadFile, "tensor '" + suffix + "' " + what);
}

template <class T>
std::vector<T> read_list(const TensorLookup& lookup, const std::string& suffix, const char* dtype) {
  const ReadTensor tensor = lookup(suffix);
  if (tensor.dtype != dtype) bad(suffix, "is " + tensor.dtype + ", expected " + dtype);
  std::vector<T> list(tensor.bytes.size() / sizeof(T));
  if (!list.empty()) std::memcpy(list.data(), tensor.bytes.data(), list.size() * sizeof(T));
  return list;
}

TypedBuffer read_values(const TensorLookup& lookup) {
  const ReadTensor tensor = lookup("values");
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    if (tensor.dtype != safetensors_type(dtype)) continue;
    TypedBuffer values(dtype, static_cast<int64_t>(tensor.bytes.size()) / size_bytes(dtype));
    if (values.count() > 0) {
      std::memcpy(values.bytes().data(), tensor.bytes.data(), values.bytes().size());
    }
    return values;
  }
  bad("values", "is " + tensor.dtype + ", expected F32, F16 or BF16");
}

/// The inverse of row_tile_tensor(): tiles in order, each in whole groups.
std::vector<int32_t> row_offsets(const TensorLookup& lookup, int64_t tiles, int64_t keep,
                                 int64_t group) {
  const auto row_tile = read_list<int32_t>(lookup, "row_tile", "I32");
  std::vector<int64_t> rows(static_cast<size_t>(tiles));
  int32_t previous = 0;
  for (const int32_t tile : row_tile) {
    if (tile < previous || tile >= tiles) {
      bad("row_tile", "names tile " + std::to_string(tile) + " after " + std::to_string(previous) +
                          " of " + std::to_string(tiles));
    }
    previous = tile;
    ++rows[static_cast<size_t>(tile)];
  }
  std::vector<int32_t> offsets{0};
  int64_t offset = 0;
  for (const int64_t count : rows) {
    if (count % keep != 0) bad("row_tile", "has a tile with part of a group");
    offset += count / keep * group;
    if (offset > INT32_MAX) bad("row_tile", "has more rows than fit");
    offsets.push_back(static_cast<int32_t>(offset));
  }
  return offsets;
}

int64_t dim(const ReadTensor& tensor, const std::string& suffix, size_t rank, size_t axis) {
  if (tensor.shape.size() != rank) {
    bad(suffix,
        "has rank " + std::to_string(tensor.shape.size()) + ", expected " + std::to_string(rank));
  }
  return tensor.shape[axis];
}

pack::PackedWeights read_any(const PackedShape& shape, const TensorLookup& lookup) {
  if (shape.format == "csr") {
    return CsrMatrix{shape.K, shape.N, read_list<int64_t>(lookup, "row_offsets", "I64"),
                     read_list<int32_t>(lookup, "column_indices", "I32"), read_values(lookup)};
  }
  if (shape.format == "block-ell") {
    const int64_t b = shape.pattern.block_size;
    const int64_t slots = dim(lookup("column_blocks"), "column_blocks", 2, 1);
    if (slots > shape.K) bad("column_blocks", "has more slots than K has rows");
    return BlockEllMatrix{shape.K,
                          shape.N,
                          b,
                          slots * b,
                          read_list<int32_t>(lookup, "column_blocks", "I32"),
                          read_values(lookup)};
  }
  if (shape.format == "nm") {
    return NmMatrix{shape.K, shape.N, shape.pattern.nm, read_values(lookup),
                    read_list<uint8_t>(lookup, "index", "U8")};
  }
  if (shape.format == "tw" || shape.format == "tvw") {
    const ReadTensor n_tensor = lookup("n_index");
    const int64_t tiles = dim(n_tensor, "n_index", 2, 0);
    if (tiles > static_cast<int64_t>(n_tensor.bytes.size())) {  // [2^40, 0] has no bytes at all
      bad("n_index", "has " + std::to_string(tiles) + " tiles without columns");
    }
    auto k_index = read_list<int32_t>(lookup, "k_index", "I32");
    auto n_index = read_list<int32_t>(lookup, "n_index", "I32");
    const int64_t G = shape.pattern.granularity;
    if (shape.format == "tw") {
      return TwMatrix{shape.K,
                      shape.N,
                      G,
                      read_values(lookup),
                      std::move(k_index),
                      std::move(n_index),
                      row_offsets(lookup, tiles, 1, 1)};
    }
    const NmRatio nm = shape.pattern.nm;
    return TvwMatrix{shape.K,
                     shape.N,
                     G,
                     nm,
                     read_values(lookup),
                     read_list<uint8_t>(lookup, "index", "U8"),
                     std::move(k_index),
                     std::move(n_index),
                     row_offsets(lookup, tiles, nm.keep, nm.group)};
  }
  throw Error(ErrorCode::kBadFile, "unknown packed format '" + shape.format + "'");
}

}  // namespace

std::vector<PackedTensor> to_tensors(const pack::PackedWeights& packed) {
  std::vector<PackedTensor> tensors = std::visit(ToTensors{}, packed);
  // Moving a tensor into the list kept its vector's memory, so `bytes` is still right.
  return tensors;
}

int64_t stored_bytes(const pack::PackedWeights& packed) {
  int64_t bytes = 0;
  for (const PackedTensor& tensor : to_tensors(packed)) bytes += std::ssize(tensor.bytes);
  return bytes;
}

pack::PackedWeights from_tensors(const PackedShape& shape, const TensorLookup& lookup) {
  pack::PackedWeights packed = read_any(shape, lookup);
  pack::validate(packed);
  return packed;
}

}  // namespace tvw::io
