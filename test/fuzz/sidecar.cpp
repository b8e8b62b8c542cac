// A safetensors file: the container, masks in it, and packed weights in it.
#include "io/sidecar.hpp"

#include "fuzz/fuzz.hpp"
#include "tvw/io/masks.hpp"

namespace {

constexpr int64_t kLargestUnpacked = int64_t{1} << 20;

void unpack(const tvw::io::LoadedWeight& weight) {
  const int64_t K = tvw::pack::rows(weight.packed);
  const int64_t N = tvw::pack::cols(weight.packed);
  if (K > kLargestUnpacked / N) return;
  tvw::fuzz::require(tvw::pack::unpack(weight.packed).values.count() == K * N);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto path = tvw::fuzz::write_file("m.safetensors", tvw::fuzz::as_text(data, size));
  tvw::fuzz::allow_errors([&] {
    const tvw::io::SafetensorsFile file(path);
    for (const auto& weight : tvw::io::read_sidecar(file)) unpack(weight);
  });
  tvw::fuzz::allow_errors([&] { static_cast<void>(tvw::io::load_masks(path)); });
  return 0;
}
