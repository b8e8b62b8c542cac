#include "kernels/cpu/tile_compiler.hpp"

#include <algorithm>

#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

/// Weights that an instruction reaches from a register by a displacement of one byte.
constexpr int kReach = 256;
/// To what the stack has of TileCode's parameters.
constexpr int kReturnBytes = 8;

}  // namespace

TileCompiler::TileCompiler(const CodeUse& use, std::span<const int32_t> columns, ChunkOf chunk_of)
    : CodeGenerator(Xbyak::DEFAULT_MAX_CODE_SIZE, Xbyak::AutoGrow),
      use_(use),
      columns_(columns),
      row_bytes_(use.rows_stride * kWeightBytes),
      chunk_of_(chunk_of) {}

TileProgram TileCompiler::compile(int columns, int64_t items, int64_t most_in_chunk) {
  std::vector<std::vector<Part>> takes;  // parts of each chunk of the same rows
  const auto count = static_cast<int>(parts_of(columns, kCompiledColumns));
  for (int p = 0; p < count; ++p) {
    if (takes.empty() || chunk_of_ == ChunkOf::kPart) takes.emplace_back();
    takes.back().push_back({p, columns * p / count, columns * (p + 1) / count});
  }
  TileProgram program;
  const int64_t runs = std::max<int64_t>(1, parts_of(items, most_in_chunk));
  for (int64_t run = 0; run < runs; ++run) {
    for (const std::vector<Part>& parts : takes) {
      program.chunks.push_back({getSize(), weights_.size(), run == 0, run + 1 == runs});
      compile_chunk(run == 0, part_of(items, runs, run), parts);
    }
  }
  ready(PROTECT_RW);  // nothing runs here
  program.code.assign(getCode(), getCode() + getSize());
  program.weights = std::move(weights_);
  return program;
}

void TileCompiler::compile_chunk(bool begins, Range items, const std::vector<Part>& parts) {
  if (use_.leaves_out_tokens) kmovw(kCounts, ptr[rsp + kReturnBytes]);
  begin_chunk(items);
  for (const Part& part : parts) {
    if (begins) {
      start_sums(part);
    } else {
      load_sums(part);
    }
    multiply(items, part);
    end_part(part);
  }
  vzeroupper();
  ret();
}

void TileCompiler::start_sums(Part part) {
  Xbyak::Label from_sums, begun;
  test(kStart, kStart);
  jz(from_sums, T_NEAR);
  for (int c = part.first; c < part.last; ++c) {
    const Xbyak::Zmm sums(c - part.first);
    if (use_.from_zero) {
      vpxord(sums, sums, sums);  // takes no port, unlike a load
    } else {
      vbroadcastss(sums, ptr[kStart + c * kWeightBytes]);
    }
  }
  jmp(begun, T_NEAR);
  L(from_sums);
  load_sums(part);
  L(begun);
}

void TileCompiler::load_sums(Part part) {
  for (int c = part.first; c < part.last; ++c) {
    const Xbyak::Zmm sums(c - part.first);
    vmovups(use_.leaves_out_tokens ? sums | kCounts | T_z : sums, sums_of(c));
  }
}

void TileCompiler::store_sums(Part part) {
  for (int c = part.first; c < part.last; ++c) {
    const Xbyak::Address to = sums_of(c);
    vmovups(use_.leaves_out_tokens ? to | kCounts : to, Xbyak::Zmm(c - part.first));
  }
}

Xbyak::Address TileCompiler::sums_of(int c) const {
  const int64_t offset = use_.sums_in_results ? results_offset(c) : c * use_.rows_stride;
  return ptr[kSums + static_cast<int>(offset * int64_t{sizeof(float)})];
}

int64_t TileCompiler::results_offset(int c) const {
  return (columns_[static_cast<size_t>(c)] - columns_.front()) * use_.results_stride;
}

void OwnRowsCompiler::begin_chunk(Range items) {
  add(kWeights, kReach / 2 * kWeightBytes);
  next_ = -kReach / 2;
  rows_.clear();
  for (int64_t i = items.begin; i < items.end; ++i) add_rows(i, rows_);
  std::ranges::sort(rows_);
  rows_.erase(std::ranges::unique(rows_).begin(), rows_.end());
}

void OwnRowsCompiler::multiply(Range items, Part part) {
  begin_part(part.columns());
  // The next panel's rows are read ahead evenly over the chunk's code.
  const int64_t turns = items.count();
  for (int64_t turn = 0; turn < turns; ++turn) {
    multiply_item(items.begin + turn, part.first, part.last);
    const Range ahead = part_of(std::ssize(rows_), turns, turn);
    for (int64_t r = ahead.begin; r < ahead.end; ++r) {
      prefetcht0(of_next_row(static_cast<size_t>(row_offset(rows_[static_cast<size_t>(r)]))));
    }
  }
}

Xbyak::Address OwnRowsCompiler::next_weight(uint32_t weight) {
  if (next_ == kReach / 2) {
    add(kWeights, kReach * kWeightBytes);
    next_ -= kReach;
  }
  push_weight(weight);
  return ptr_b[kWeights + next_++ * kWeightBytes];
}

}  // namespace tvw::kernels::cpu
