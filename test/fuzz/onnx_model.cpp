// An ONNX model: its weights, and the model as one that tvw packed, beside a good sidecar.
#include "fuzz/fuzz.hpp"
#include "tvw/io/packed_model.hpp"

namespace {

constexpr int64_t kLargestWeight = int64_t{1} << 20;

void read_weights(const std::filesystem::path& path) {
  const tvw::io::OnnxModel model = tvw::io::load_onnx(path);
  for (size_t i = 0; i < model.weights().size(); ++i) {
    const tvw::io::WeightInfo& info = model.weights()[i];
    tvw::fuzz::require(info.prunable == info.reason.empty());
    if (!info.prunable || info.K > kLargestWeight / info.N) continue;
    tvw::fuzz::require(model.read_weight(i).values.count() == info.K * info.N);
  }
}

void put_sidecar() {
  std::filesystem::copy_file(
      std::filesystem::path(TVW_TEST_SOURCE) / "io/formats/1.0/tvw.tvw.safetensors",
      tvw::fuzz::folder() / "tvw.tvw.safetensors",
      std::filesystem::copy_options::overwrite_existing);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool ready = (put_sidecar(), true);
  static_cast<void>(ready);
  const auto path = tvw::fuzz::write_file("tvw.tvw.onnx", tvw::fuzz::as_text(data, size));
  tvw::fuzz::allow_errors([&] { read_weights(path); });
  tvw::fuzz::allow_errors([&] {
    tvw::io::OnnxModel model = tvw::io::load_onnx(path);
    tvw::fuzz::allow_errors([&] { tvw::io::verify_decoding(model, tvw::io::load_packed(model)); });
    tvw::io::unpack_model(std::move(model),
                          tvw::io::output_paths(tvw::fuzz::folder() / "out.onnx"));
  });
  return 0;
}
