// What `tvw prune` does to an ONNX model: opset raised, first weight packed, masked model written.
#include "tvw/io/write_model.hpp"

#include "fuzz/fuzz.hpp"
#include "support/random_weights.hpp"

namespace {

using namespace tvw;

constexpr int64_t kLargestWeight = 1 << 14;

std::vector<size_t> small_weights(const io::OnnxModel& model) {
  std::vector<size_t> found;
  for (size_t i = 0; i < model.weights().size(); ++i) {
    const io::WeightInfo& info = model.weights()[i];
    if (info.prunable && info.K <= kLargestWeight / info.N) found.push_back(i);
  }
  return found;
}

void write(const std::filesystem::path& path, const char* pattern) {
  io::OnnxModel model = io::load_onnx(path);
  model.raise_for_packing();
  const PatternSpec spec = parse_pattern(pattern);
  std::vector<io::PackedWeight> packed;
  for (const size_t weight : small_weights(model)) {
    const DenseMatrix dense = model.read_weight(weight);
    packed.push_back(
        {weight, spec,
         pack::pack(dense, test::random_selection(dense.K, dense.N, spec, 0.5, 1), spec)});
  }
  io::write_packed(std::move(model), packed, io::output_paths(fuzz::folder() / "out.tvw.onnx"),
                   io::Decode::kInline);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto path = fuzz::write_file("m.onnx", fuzz::as_text(data, size));
  fuzz::allow_errors([&] { write(path, "tvw:g=16"); });
  fuzz::allow_errors([&] { write(path, "ew"); });
  return 0;
}
