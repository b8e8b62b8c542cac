#include "kernels/cpu/tile_compiler.hpp"

#include <algorithm>

#include "kernels/cpu/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

/// Weights that an instruction reaches from a register by a displacement of one byte.
constexpr int kReach = 256;
constexpr int kWeightBytes = 4;
constexpr int kPointerBytes = 8;

}  // namespace

TileCompiler::TileCompiler(int64_t stride)
    : CodeGenerator(Xbyak::DEFAULT_MAX_CODE_SIZE, Xbyak::AutoGrow),
      row_bytes_(stride * kWeightBytes) {}

TileProgram TileCompiler::compile(int columns, int64_t items, int64_t most_in_chunk) {
  TileProgram program;
  const int64_t chunks = std::max<int64_t>(1, parts_of(items, most_in_chunk));
  for (int64_t chunk = 0; chunk < chunks; ++chunk) {
    program.chunks.push_back({getSize(), weights_.size()});
    compile_chunk(columns,
                  {part_begin(items, chunks, chunk), part_begin(items, chunks, chunk + 1)});
  }
  ready(PROTECT_RW);  // nothing runs here
  program.code.assign(getCode(), getCode() + getSize());
  program.weights = std::move(weights_);
  return program;
}

void TileCompiler::compile_chunk(int columns, Range items) {
  std::vector<int64_t> rows;
  for (int64_t i = items.begin; i < items.end; ++i) add_rows(i, rows);
  std::ranges::sort(rows);
  rows.erase(std::ranges::unique(rows).begin(), rows.end());

  mov(kNextRows, ptr[rsp + kPointerBytes]);
  add(kWeights, kReach / 2 * kWeightBytes);
  next_ = -kReach / 2;
  begin_chunk();
  const auto parts = static_cast<int>(parts_of(columns, kCompiledColumns));
  const auto all = static_cast<size_t>(parts * (items.end - items.begin));
  size_t done = 0, fetched = 0;
  for (int part = 0; part < parts; ++part) {
    const int first = columns * part / parts, last = columns * (part + 1) / parts;
    begin_part(last - first);
    Xbyak::Label from_sums, begun;
    test(kStart, kStart);
    jz(from_sums, T_NEAR);
    for (int c = first; c < last; ++c) {
      vbroadcastss(Xbyak::Zmm(c - first), ptr[kStart + c * kWeightBytes]);
    }
    jmp(begun, T_NEAR);
    L(from_sums);
    load_sums(first, last);
    L(begun);
    for (int64_t i = items.begin; i < items.end; ++i) {
      multiply(i, first, last);
      for (++done; fetched * all < rows.size() * done; ++fetched) {
        prefetcht1(ptr[kNextRows + static_cast<int>(rows[fetched] * row_bytes_)]);
      }
    }
    end_part(first, last);
  }
  vzeroupper();
  ret();
}

Xbyak::Address TileCompiler::row(int64_t id) const {
  return ptr[kRows + static_cast<int>(id * row_bytes_)];
}

Xbyak::Address TileCompiler::next_weight(uint32_t weight) {
  if (next_ == kReach / 2) {
    add(kWeights, kReach * kWeightBytes);
    next_ -= kReach;
  }
  weights_.push_back(weight);
  return ptr_b[kWeights + next_++ * kWeightBytes];
}

void TileCompiler::load_sums(int first, int last) {
  for (int c = first; c < last; ++c) {
    mov(kFree, ptr[kSums + c * kPointerBytes]);
    vmovups(Xbyak::Zmm(c - first), ptr[kFree + kTokens * sizeof(float)]);
  }
}

void TileCompiler::store_sums(int first, int last) {
  for (int c = first; c < last; ++c) {
    mov(kFree, ptr[kSums + c * kPointerBytes]);
    vmovups(ptr[kFree + kTokens * sizeof(float)], Xbyak::Zmm(c - first));
  }
}

}  // namespace tvw::kernels::cpu
