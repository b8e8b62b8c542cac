#include "tvw/io/masks.hpp"

#include <memory>

#include "tvw/core/error.hpp"
#include "tvw/io/safetensors.hpp"

namespace tvw::io {
namespace {

void produce_mask(const Mask& mask, const ByteSink& sink) {
  std::vector<std::byte> row(static_cast<size_t>(mask.cols()));
  for (int64_t k = 0; k < mask.rows(); ++k) {
    for (int64_t n = 0; n < mask.cols(); ++n) {
      row[static_cast<size_t>(n)] = static_cast<std::byte>(mask.kept(k, n) ? 1 : 0);
    }
    sink(row);
  }
}

}  // namespace

void write_masks(const std::vector<NamedMask>& masks, const std::filesystem::path& path,
                 OutputSet& files) {
  std::vector<SafetensorsTensor> tensors;
  for (const NamedMask& named : masks) {
    const Mask* mask = &named.mask;
    tensors.push_back(
        {named.name, "BOOL", {mask->rows(), mask->cols()}, [mask](const ByteSink& sink) {
           produce_mask(*mask, sink);
         }});
  }
  const SafetensorsLayout layout(std::move(tensors), {{"tvw.masks", "1.0"}});
  AtomicFile& file = files.add(path);
  layout.write([&file](std::span<const std::byte> bytes) { file.write(bytes); });
  file.finish();
}

std::vector<NamedMask> load_masks(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  std::vector<NamedMask> masks;
  for (const SafetensorsEntry& entry : file.entries()) {
    const bool right_type = entry.dtype == "BOOL" || entry.dtype == "U8";
    if (!right_type || entry.shape.size() != 2) {
      throw Error(ErrorCode::kBadFile,
                  path.string() + ": mask '" + entry.name + "' is " + entry.dtype + " of rank " +
                      std::to_string(entry.shape.size()) + ", expected BOOL [K, N]");
    }
    NamedMask named{entry.name, Mask(entry.shape[0], entry.shape[1], false)};
    const auto bytes = file.bytes(entry);
    for (int64_t k = 0; k < entry.shape[0] && !bytes.empty(); ++k) {  // [2^60, 0] has none
      for (int64_t n = 0; n < entry.shape[1]; ++n) {
        if (bytes[static_cast<size_t>(k * entry.shape[1] + n)] != std::byte{0}) {
          named.mask.keep(k, n);
        }
      }
    }
    masks.push_back(std::move(named));
  }
  return masks;
}

}  // namespace tvw::io
