#include "io/decode.hpp"

#include <onnx/defs/parser.h>

#include <array>
#include <limits>

#include "io/element_types.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::io {
namespace {

// Each format as ONNX text. In: the packed tensors. Out: `position` of each value in the flat
// buffer, broadcastable to the shape of `values`: k_scale * row of B + n_scale * column of B.
// Runtimes copy each result while they fold, so what is as large as `values` is computed in as few
// steps as possible: lists are scaled before they are gathered. $keep, $group and $block are put
// in.

// `index` holds four 2-bit numbers a byte, lowest bits first: `slots` looks them up, [R, G].
constexpr const char* kIndex2 = R"(
  byte_end = Constant <value = int32 {256}> ()
  bytes = Range (zero, byte_end, one)
  byte_column = Reshape (bytes, column)
  shifts = Constant <value = int32[1, 4] {1, 4, 16, 64}> ()
  shifted = Div (byte_column, shifts)
  four = Constant <value = int32 {4}> ()
  slots_of_byte = Mod (shifted, four)
  index32 = Cast <to = 6> (index)
  byte_slots = Gather ($slot_table, index32)
)";
constexpr const char* kSlots = R"(
  slots = Reshape (byte_slots, value_shape)
)";
// The last byte is not full.
constexpr const char* kSlotsCut = R"(
  all_slots = Reshape (byte_slots, all)
  value_count = Shape (flat_values)
  slots_cut = Slice (all_slots, origin1, value_count)
  slots = Reshape (slots_cut, value_shape)
)";

/// First row of the group that each value row belongs to: [R, 1].
constexpr const char* kGroupRows = R"(
  row_count = Gather (value_shape, zero64)
  row_count32 = Cast <to = 6> (row_count)
  rows = Range (zero, row_count32, one)
  keep = Constant <value = int32 {$keep}> ()
  group = Constant <value = int32 {$group}> ()
  row_group = Div (rows, keep)
  first_rows = Mul (row_group, group)
  first_row = Reshape (first_rows, column)
)";

constexpr const char* kTvw = R"(
  k_list = Cast <to = $position_type> (k_index)
  n_list = Cast <to = $position_type> (n_index)
  k_terms = Mul (k_list, k_scale)
  n_terms = Mul (n_list, n_scale)
  slot = Add (first_row, slots)
  k = Gather (k_terms, slot)
  n = Gather (n_terms, row_tile)
  position = Add (k, n)
)";

constexpr const char* kTw = R"(
  k_list = Cast <to = $position_type> (k_index)
  n_list = Cast <to = $position_type> (n_index)
  k_terms = Mul (k_list, k_scale)
  n_terms = Mul (n_list, n_scale)
  k = Reshape (k_terms, column)
  n = Gather (n_terms, row_tile)
  position = Add (k, n)
)";

// Before kIndex2: what a slot adds to the position.
constexpr const char* kNmTable = R"(
  slots_cast = Cast <to = $position_type> (slots_of_byte)
  slot_terms = Mul (slots_cast, k_scale)
)";
constexpr const char* kNm = R"(
  first_cast = Cast <to = $position_type> (first_row)
  first_terms = Mul (first_cast, k_scale)
  column_count = Gather (value_shape, one64)
  column_count32 = Cast <to = 6> (column_count)
  columns = Range (zero, column_count32, one)
  column_cast = Cast <to = $position_type> (columns)
  n_terms = Mul (column_cast, n_scale)
  group_start = Add (first_terms, n_terms)
  position = Add (group_start, slots)
)";

// An unused slot (-1) goes behind the last block of K.
constexpr const char* kBlockEll = R"(
  block = Constant <value = int32 {$block}> ()
  inside = Range (zero, block, one)
  k_rows = Gather (buffer_shape, $k_axis)
  k_rows32 = Cast <to = 6> (k_rows)
  unused_row = Sub (k_rows32, block)
  first_k_or_minus = Mul (column_blocks, block)
  is_unused = Less (column_blocks, zero)
  first_k = Where (is_unused, unused_row, first_k_or_minus)
  block_axes = Constant <value = int64[4] {0, 0, 1, 1}> ()
  first_k4 = Reshape (first_k, block_axes)
  k = Add (first_k4, inside)
  k_cast = Cast <to = $position_type> (k)
  k_terms = Mul (k_cast, k_scale)
  block_row_count = Gather (value_shape, zero64)
  block_row_count32 = Cast <to = 6> (block_row_count)
  block_rows = Range (zero, block_row_count32, one)
  first_n = Mul (block_rows, block)
  n_outer_axes = Constant <value = int64[4] {-1, 1, 1, 1}> ()
  first_n4 = Reshape (first_n, n_outer_axes)
  n_inner = Reshape (inside, column)
  n = Add (first_n4, n_inner)
  n_cast = Cast <to = $position_type> (n)
  n_terms = Mul (n_cast, n_scale)
  position = Add (k_terms, n_terms)
)";

// Row ids from row offsets. Runtimes fold only what has a shape they can infer, so no NonZero. In a
// list with one slot for each row's start and one for each value, the starts so far count the rows,
// and the rest of the slots are the values in order; starts themselves are sent behind the last
// value and cut off.
constexpr const char* kCsr = R"(
  row_begins64 = Slice (row_offsets, origin1, minus_one)
  row_begins = Cast <to = $position_type> (row_begins64)
  row_shape = Shape (row_begins)
  row_count64 = Gather (row_shape, zero64)
  row_count = Cast <to = $position_type> (row_count64)
  row_ids = Range ($zero, row_count, $one)
  start_slots = Add (row_begins, row_ids)
  slot_shape = Add (value_shape, row_shape)
  no_starts = ConstantOfShape <value = $position_name[1] {0}> (slot_shape)
  ones = ConstantOfShape <value = $position_name[1] {1}> (row_shape)
  starts = ScatterElements <axis = 0> (no_starts, start_slots, ones)
  rows_so_far = CumSum (starts, zero)
  slot_count64 = Gather (slot_shape, zero64)
  slot_count = Cast <to = $position_type> (slot_count64)
  slots = Range ($zero, slot_count, $one)
  ordinals = Sub (slots, rows_so_far)
  is_start = Cast <to = 9> (starts)
  values_end = Cast <to = $position_type> (value_shape)
  targets = Where (is_start, values_end, ordinals)
  slot_rows = Sub (rows_so_far, $one)
  slot_terms = Mul (slot_rows, k_scale)
  one_slot = Constant <value = int64[1] {1}> ()
  padded_shape = Add (value_shape, one_slot)
  no_rows = ConstantOfShape <value = $position_name[1] {0}> (padded_shape)
  padded_rows = ScatterElements <axis = 0> (no_rows, targets, slot_terms)
  k_terms = Slice (padded_rows, origin1, value_shape)
  n_cast = Cast <to = $position_type> (column_indices)
  n_terms = Mul (n_cast, n_scale)
  position = Add (k_terms, n_terms)
)";

constexpr const char* kHead = R"(
  zero = Constant <value = int32 {0}> ()
  one = Constant <value = int32 {1}> ()
  zero64 = Constant <value = int64 {0}> ()
  one64 = Constant <value = int64 {1}> ()
  all = Constant <value = int64[1] {-1}> ()
  column = Constant <value = int64[2] {-1, 1}> ()
  origin1 = Constant <value = int64[1] {0}> ()
  minus_one = Constant <value = int64[1] {-1}> ()
  origin = Constant <value = int64[2] {0, 0}> ()
  value_shape = Shape (values)
  flat_values = Reshape (values, all)
  width64 = Gather (buffer_shape, one64)
  $line_scale = Cast <to = $position_type> (width64)
  $element_scale = Cast <to = $position_type> (one64)
)";

/// Scatters into zeros, cuts the pads off and gives the tensor its dims and type back. f16 and bf16
/// are scattered as f32, which is exact, because runtimes know more ops for it.
std::string tail(const Decoder& decoder) {
  const bool is_f32 = decoder.dtype == DType::kF32;
  std::string text = R"(
  flat_position = Reshape (position, all)
  buffer_count = ReduceProd <keepdims = 1> (buffer_shape)
  zeros = ConstantOfShape (buffer_count)
)";
  if (!is_f32) text += "  scatter_values = Cast <to = 1> (flat_values)\n";
  text += "  result1 = ScatterElements <axis = 0> (zeros, flat_position, " +
          std::string(is_f32 ? "flat_values" : "scatter_values") + ")\n";
  int steps = 1;
  const auto add = [&](const std::string& op, const std::string& more) {
    const std::string from = "result" + std::to_string(steps++);
    text += "  result" + std::to_string(steps) + " = " + op + " (" + from + more + ")\n";
  };
  if (decoder.padded) {
    add("Reshape", ", buffer_shape");
    add("Slice", ", origin, matrix_shape");
  }
  if (decoder.reshaped || !decoder.padded) add("Reshape", ", shape");
  if (!is_f32) add("Cast <to = $type>", "");
  const std::string last = "result" + std::to_string(steps) + " =";
  return text.replace(text.rfind(last), last.size(), "W =");
}

struct FormatText {
  const char* format;
  const char* name;
  const char* inputs;
};
constexpr std::array<FormatText, 5> kFormats{{
    {"tvw", "UnpackTvw", "values, index, k_index, n_index, row_tile"},
    {"tw", "UnpackTw", "values, k_index, n_index, row_tile"},
    {"nm", "UnpackNm", "values, index"},
    {"block-ell", "UnpackBlockEll", "values, column_blocks"},
    {"csr", "UnpackCsr", "values, row_offsets, column_indices"},
}};

const FormatText& text_of(const std::string& format) {
  for (const FormatText& candidate : kFormats) {
    if (format == candidate.format) return candidate;
  }
  throw Error(ErrorCode::kInvalidArgument, "format '" + format + "' cannot be decoded");
}

void replace_all(std::string& text, const std::string& what, const std::string& with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), with);
    at += with.size();
  }
}

/// The statements that compute `position`.
std::string body(const Decoder& decoder) {
  const std::string slots = decoder.index_cut ? kSlotsCut : kSlots;
  if (decoder.format == "tvw") return kIndex2 + slots + kGroupRows + kTvw;
  if (decoder.format == "tw") return kTw;
  if (decoder.format == "block-ell") return kBlockEll;
  if (decoder.format == "csr") return kCsr;
  std::string index = kIndex2;
  index.insert(index.find("  index32"), kNmTable + 1);
  return index + slots + kGroupRows + kNm;
}

bool has_ratio(const Decoder& decoder) { return decoder.format == "tvw" || decoder.format == "nm"; }

/// TW, TVW and Blocked-ELL always have pads, CSR never.
bool has_optional_pads(const Decoder& decoder) { return decoder.format == "nm"; }

/// Rows of K and columns of N that positions may name, pads included.
struct Extent {
  int64_t k = 0;
  int64_t n = 0;
};
struct ExtentOf {
  Extent operator()(const DenseMatrix& m) const { return {m.K, m.N}; }
  Extent operator()(const pack::CsrMatrix& m) const { return {m.K, m.N}; }
  Extent operator()(const pack::NmMatrix& m) const { return {round_up(m.K, m.nm.group), m.N}; }
  Extent operator()(const pack::BlockEllMatrix& m) const {
    const int64_t b = m.ell_block_size;
    return {(parts_of(m.K, b) + 1) * b, m.block_rows() * b};
  }
  Extent operator()(const pack::TwMatrix& m) const { return {m.K + 1, m.N + 1}; }
  Extent operator()(const pack::TvwMatrix& m) const { return {m.K + 1, m.N + 1}; }
};

}  // namespace

std::string function_name(const Decoder& decoder) {
  std::string name = text_of(decoder.format).name;
  const NmRatio nm = decoder.pattern.nm;
  if (has_ratio(decoder) && !(nm == NmRatio{})) {
    name += "_" + std::to_string(nm.keep) + "of" + std::to_string(nm.group);
  }
  if (decoder.format == "block-ell") name += "_b" + std::to_string(decoder.pattern.block_size);
  if (decoder.dtype != DType::kF32) name += "_" + std::string(tvw::name(decoder.dtype));
  if (decoder.transposed) name += "_t";
  if (decoder.wide) name += "_wide";
  if (decoder.index_cut) name += "_cut";
  if (decoder.padded && has_optional_pads(decoder)) name += "_padded";
  if (decoder.reshaped && decoder.padded) name += "_reshaped";
  return name;
}

onnx::FunctionProto make_function(const Decoder& decoder, int64_t opset) {
  const FormatText& format = text_of(decoder.format);
  std::string text = "<opset_import: [\"\" : " + std::to_string(opset) + "], domain: \"" +
                     kDecodeDomain + "\">\n" + function_name(decoder) + " (" + format.inputs +
                     ", buffer_shape, matrix_shape, shape) => (W)\n{" + kHead + body(decoder) +
                     tail(decoder) + "}\n";
  replace_all(text, "$keep", std::to_string(decoder.pattern.nm.keep));
  replace_all(text, "$group", std::to_string(decoder.pattern.nm.group));
  replace_all(text, "$block", std::to_string(decoder.pattern.block_size));
  replace_all(text, "$k_axis", decoder.transposed ? "one64" : "zero64");
  // The matrix is stored in lines of K or of N.
  replace_all(text, "$line_scale", decoder.transposed ? "n_scale" : "k_scale");
  replace_all(text, "$element_scale", decoder.transposed ? "k_scale" : "n_scale");
  replace_all(text, "$slot_table", decoder.format == "nm" ? "slot_terms" : "slots_of_byte");
  replace_all(text, "$zero", decoder.wide ? "zero64" : "zero");
  replace_all(text, "$one", decoder.wide ? "one64" : "one");
  replace_all(text, "$position_type",
              std::to_string(decoder.wide ? onnx::TensorProto::INT64 : onnx::TensorProto::INT32));
  replace_all(text, "$position_name", decoder.wide ? "int64" : "int32");
  replace_all(text, "$type", std::to_string(onnx_type(decoder.dtype)));
  onnx::FunctionProto function;
  const auto status = onnx::OnnxParser::Parse(function, text.c_str());
  if (!status.IsOK()) {
    throw Error(ErrorCode::kInvalidArgument,
                "decode function does not parse: " + status.ErrorMessage());
  }
  return function;
}

BufferShape buffer_shape(const pack::PackedWeights& packed, bool transposed) {
  const Extent extent = std::visit(ExtentOf{}, packed);
  const int64_t K = pack::rows(packed);
  const int64_t N = pack::cols(packed);
  if (transposed) return {{extent.n, extent.k}, {N, K}};
  return {{extent.k, extent.n}, {K, N}};
}

Decoder decoder_for(const pack::PackedWeights& packed, const PatternSpec& pattern,
                    const std::vector<int64_t>& dims, bool transposed) {
  const BufferShape shape = buffer_shape(packed, transposed);
  Decoder decoder;
  decoder.format = pack::format_name(packed);
  decoder.pattern = pattern;
  decoder.dtype = pack::dtype(packed);
  decoder.transposed = transposed;
  decoder.padded = shape.buffer != shape.matrix;
  decoder.reshaped = shape.matrix != dims;
  decoder.index_cut = has_ratio(decoder) && pack::stored_values(packed) % 4 != 0;
  // One row more than the buffer has: CSR counts a slot for each row as well.
  decoder.wide = shape.buffer[0] >= std::numeric_limits<int32_t>::max() / (shape.buffer[1] + 1);
  return decoder;
}

}  // namespace tvw::io
