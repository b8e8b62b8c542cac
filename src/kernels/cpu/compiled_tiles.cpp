#include "kernels/cpu/compiled_tiles.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "kernels/cpu/code_memory.hpp"
#include "kernels/cpu/isa.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/parts.hpp"

namespace tvw::kernels::cpu {
namespace {

/// Code and weights of a chunk, as bytes to be read ahead.
struct Chunk {
  std::span<const std::byte> code;
  std::span<const std::byte> weights;
  bool begins = false, ends = false;

  [[nodiscard]] TileCode function() const {
    return reinterpret_cast<TileCode>(reinterpret_cast<uintptr_t>(code.data()));
  }
};

/// Vectors of tokens that the next chunk is read ahead between; for fewer it would be read all at
/// once, which holds up the multiplications.
constexpr int64_t kFewestToReadAhead = 4;

/// Brings memory into the L2 cache, a bit at a time.
class ReadAhead {
 public:
  /// In so many steps.
  ReadAhead(std::span<const std::byte> memory, int64_t steps)
      : memory_(memory.data()),
        end_(round_up(std::ssize(memory), kLine)),
        step_(round_up(parts_of(end_, steps), kLine)) {}

  void step() {
    const int64_t stop = std::min(next_ + step_, end_);
    for (; next_ < stop; next_ += kLine) __builtin_prefetch(memory_ + next_, 0, 2);
  }

 private:
  static constexpr int64_t kLine = 64;
  const std::byte* memory_;
  int64_t end_, step_;
  int64_t next_ = 0;
};

class CompiledTiles final : public PanelTiles {
 public:
  CompiledTiles(std::vector<std::vector<int32_t>> columns, const std::vector<TileProgram>& programs,
                const CodeUse& use, double products, PanelRows rows, std::string isa)
      : columns_(std::move(columns)),
        use_(use),
        products_(products),
        rows_(rows),
        isa_(std::move(isa)),
        code_(code_bytes(programs)) {
    size_t words = 0;
    for (const TileProgram& program : programs) words += program.weights.size();
    weights_.reserve(words);
    uint8_t* code = code_.data();
    for (const TileProgram& program : programs) {
      first_chunks_.push_back(chunks_.size());
      for (size_t c = 0; c < program.chunks.size(); ++c) {
        const TileProgram::Chunk& chunk = program.chunks[c];
        const bool last = c + 1 == program.chunks.size();
        const size_t code_end = last ? program.code.size() : program.chunks[c + 1].code;
        const size_t weights_end = last ? program.weights.size() : program.chunks[c + 1].weights;
        chunks_.push_back(
            {std::as_bytes(std::span(code + chunk.code, code_end - chunk.code)),
             std::as_bytes(std::span(weights_.data() + weights_.size() + chunk.weights,
                                     weights_end - chunk.weights)),
             chunk.begins, chunk.ends});
      }
      code = std::ranges::copy(program.code, code).out;
      weights_.insert(weights_.end(), program.weights.begin(), program.weights.end());
    }
    first_chunks_.push_back(chunks_.size());
    code_.make_executable();
  }

  [[nodiscard]] PanelRows rows() const override { return rows_; }
  [[nodiscard]] int64_t count() const override { return std::ssize(columns_); }
  [[nodiscard]] std::span<const int32_t> columns(int64_t tile) const override {
    return columns_[static_cast<size_t>(tile)];
  }
  [[nodiscard]] bool takes_stride(int64_t stride) const override {
    return stride == use_.rows_stride;
  }
  [[nodiscard]] bool leaves_out_tokens() const override { return use_.leaves_out_tokens; }
  [[nodiscard]] bool wants_many_panels() const override { return true; }
  /// All panels by a chunk while its code is in a cache of the core's own, and the next one's comes
  /// in.
  void multiply(int64_t tile, std::span<const PanelTask> panels) const override {
    int64_t vectors = 0;
    for (const PanelTask& panel : panels) vectors += panel.to.tokens / kVectorTokens;
    const size_t end = first_chunks_[static_cast<size_t>(tile) + 1];
    for (size_t c = first_chunks_[static_cast<size_t>(tile)]; c < end; ++c) {
      const bool ahead = c + 1 < chunks_.size() && vectors >= kFewestToReadAhead;
      const Chunk next = ahead ? chunks_[c + 1] : Chunk{};
      ReadAhead code(next.code, vectors), weights(next.weights, vectors);
      const auto before_each = [&] {
        code.step();
        weights.step();
      };
      for (size_t p = 0; p < panels.size(); ++p) {
        const void* const after = panels[std::min(p + 1, panels.size() - 1)].rows;
        multiply(chunks_[c], panels[p], after, before_each);
      }
    }
  }
  [[nodiscard]] int64_t size_bytes() const override {
    return static_cast<int64_t>(code_.size() + weights_.size() * sizeof(uint32_t));
  }
  [[nodiscard]] double products() const override { return products_; }
  [[nodiscard]] std::string way() const override { return "compiled"; }
  [[nodiscard]] std::string isa() const override { return isa_; }

 private:
  /// Of the vector that begins with `token`: bit t tells whether its token t counts.
  static uint32_t counts(const ColumnSums& to, int64_t token) {
    constexpr uint32_t kAll = (uint32_t{1} << kVectorTokens) - 1;
    const int64_t first = std::max<int64_t>(0, to.lead - token);
    const int64_t left_out = std::max<int64_t>(0, token + kVectorTokens - (to.tokens - to.tail));
    return (kAll << first) & (kAll >> left_out);
  }

  /// A vector of tokens after the other; those of `next_rows` follow.
  static void multiply(const Chunk& chunk, const PanelTask& panel, const void* next_rows,
                       const auto& before_each) {
    const ColumnSums& to = panel.to;
    const TileCode code = chunk.function();
    const float* const start = chunk.begins ? to.start : nullptr;
    float* const sums = to.sums[0];
    uint16_t* const rounded = chunk.ends && to.rounded != nullptr ? to.rounded[0] : nullptr;
    const auto* const rows = static_cast<const uint32_t*>(panel.rows);
    for (int64_t token = 0; token < to.tokens; token += kVectorTokens) {
      before_each();
      const int64_t after = token + kVectorTokens;
      code(rows + token, chunk.weights.data(), sums + token, start,
           rounded == nullptr ? nullptr : rounded + token,
           after < to.tokens ? rows + after : next_rows, counts(to, token));
    }
  }

  static size_t code_bytes(const std::vector<TileProgram>& programs) {
    size_t bytes = 1;
    for (const TileProgram& program : programs) bytes += program.code.size();
    return bytes;
  }

  std::vector<std::vector<int32_t>> columns_;
  CodeUse use_;
  double products_;
  PanelRows rows_;
  std::string isa_;
  CodeMemory code_;
  WeightWords weights_;
  std::vector<Chunk> chunks_;         ///< of all tiles
  std::vector<size_t> first_chunks_;  ///< of each tile, and where the last one's end
};

}  // namespace

std::span<const Product> products_of(const std::vector<Product>& products, int first, int last) {
  const auto begin = std::ranges::lower_bound(products, first, {}, &Product::column);
  const auto end = std::ranges::lower_bound(products, last, {}, &Product::column);
  return {begin, end};
}

std::unique_ptr<PanelTiles> make_program_tiles(std::vector<std::vector<int32_t>> columns,
                                               const std::vector<TileProgram>& programs,
                                               const CodeUse& use, double products, PanelRows rows,
                                               std::string isa) {
  return std::make_unique<CompiledTiles>(std::move(columns), programs, use, products, rows,
                                         std::move(isa));
}

#if TVW_HAVE_XBYAK

bool compiles_tiles() { return cpu_isa() >= CpuIsa::kAvx512 && may_make_code(); }

#else  // no x86: instead of compiled_f32_tiles.cpp and compiled_bf16_tiles.cpp

bool compiles_tiles() { return false; }

namespace {

[[noreturn]] void refuse() {
  throw Error(ErrorCode::kUnsupported, "code for weights: only x86 has it");
}

}  // namespace

std::unique_ptr<PanelTiles> make_compiled_tiles(const PanelWeights&, const CodeUse&) { refuse(); }
std::unique_ptr<PanelTiles> make_compiled_tiles(const PairWeights&, const CodeUse&) { refuse(); }

#endif

}  // namespace tvw::kernels::cpu
