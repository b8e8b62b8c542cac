#include "tvw/io/masks.hpp"

#include <cstring>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "tvw/core/error.hpp"
#include "tvw/io/safetensors.hpp"

namespace tvw::io {
namespace {

constexpr const char* kVersionKey = "tvw.masks";
constexpr const char* kPattern = ".pattern";
constexpr const char* kTiles = ".tiles";
constexpr const char* kKeptK = ".kept_k";
constexpr const char* kKeptN = ".kept_n";

void produce_mask(const Mask& mask, const ByteSink& sink) {
  std::vector<std::byte> row(static_cast<size_t>(mask.cols()));
  for (int64_t k = 0; k < mask.rows(); ++k) {
    for (int64_t n = 0; n < mask.cols(); ++n) {
      row[static_cast<size_t>(n)] = static_cast<std::byte>(mask.kept(k, n) ? 1 : 0);
    }
    sink(row);
  }
}

/// A list of ids, or, with `columns`, a matrix of so many.
SafetensorsTensor ids_tensor(std::string name, std::vector<int32_t> ids, int64_t columns = 0) {
  std::vector<int64_t> shape{std::ssize(ids)};
  if (columns > 0) shape = {std::ssize(ids) / columns, columns};
  return {std::move(name), "I32", std::move(shape),
          [ids = std::move(ids)](const ByteSink& sink) { sink(std::as_bytes(std::span(ids))); }};
}

void add_tiles(const std::string& name, const TileLayout& layout,
               std::vector<SafetensorsTensor>& tensors) {
  std::vector<int32_t> sizes, kept_k, kept_n;
  for (const Tile& tile : layout.tiles) {
    sizes.push_back(static_cast<int32_t>(tile.kept_k.size()));
    sizes.push_back(static_cast<int32_t>(tile.kept_n.size()));
    kept_k.insert(kept_k.end(), tile.kept_k.begin(), tile.kept_k.end());
    kept_n.insert(kept_n.end(), tile.kept_n.begin(), tile.kept_n.end());
  }
  tensors.push_back(ids_tensor(name + kTiles, std::move(sizes), 2));
  tensors.push_back(ids_tensor(name + kKeptK, std::move(kept_k)));
  tensors.push_back(ids_tensor(name + kKeptN, std::move(kept_n)));
}

/// Refuses, by the file's name, a weight that has the name of another one's tiles.
SafetensorsLayout lay_out(std::vector<SafetensorsTensor> tensors,
                          const std::map<std::string, std::string>& metadata,
                          const std::filesystem::path& path) {
  try {
    return {std::move(tensors), metadata};
  } catch (const Error& error) {
    throw Error(error.code(), path.string() + ": " + error.what());
  }
}

/// A file of masks while it is read.
class MaskFile {
 public:
  explicit MaskFile(const std::filesystem::path& path) : file_(path) {
    const auto version = file_.metadata().find(kVersionKey);
    if (version != file_.metadata().end() && !version->second.starts_with("1.")) {
      bad("masks of format " + version->second + ", expected 1.x");
    }
  }

  [[nodiscard]] std::vector<NamedSelection> read() const {
    std::vector<NamedSelection> masks;
    std::set<std::string> used;
    for (const SafetensorsEntry& entry : file_.entries()) {
      if (!is_mask(entry)) continue;
      used.insert(entry.name);
      NamedSelection named{entry.name, pattern_of(entry.name), {read_mask(entry), std::nullopt}};
      if (file_.find(entry.name + kTiles) != nullptr) {
        named.selection.tiles =
            read_tiles(entry.name, named.pattern ? named.pattern->granularity : 0);
        for (const char* part : {kTiles, kKeptK, kKeptN}) used.insert(entry.name + part);
      }
      masks.push_back(std::move(named));
    }
    for (const SafetensorsEntry& entry : file_.entries()) {
      if (used.contains(entry.name)) continue;
      bad("mask '" + entry.name + "' is " + entry.dtype + " of rank " +
          std::to_string(entry.shape.size()) + ", expected BOOL [K, N]");
    }
    return masks;
  }

 private:
  [[noreturn]] void bad(const std::string& what) const {
    throw Error(ErrorCode::kBadFile, file_.path().string() + ": " + what);
  }
  static bool is_mask(const SafetensorsEntry& entry) {
    return (entry.dtype == "BOOL" || entry.dtype == "U8") && entry.shape.size() == 2;
  }

  [[nodiscard]] Mask read_mask(const SafetensorsEntry& entry) const {
    const auto bytes = file_.bytes(entry);
    const int64_t K = entry.shape[0], N = entry.shape[1];
    if (bytes.empty()) bad("mask '" + entry.name + "' is of a weight without elements");
    Mask mask(K, N, false);
    for (int64_t k = 0; k < K; ++k) {
      for (int64_t n = 0; n < N; ++n) {
        if (bytes[static_cast<size_t>(k * N + n)] != std::byte{0}) mask.keep(k, n);
      }
    }
    return mask;
  }

  [[nodiscard]] std::optional<PatternSpec> pattern_of(const std::string& name) const {
    const auto text = file_.metadata().find(name + kPattern);
    if (text == file_.metadata().end()) return std::nullopt;
    try {
      return parse_pattern(text->second);
    } catch (const Error& error) {
      bad("mask '" + name + "': " + error.what());
    }
  }

  /// `columns`: of a matrix; 0: a list.
  [[nodiscard]] std::vector<int32_t> read_ids(const std::string& name, int64_t columns = 0) const {
    const SafetensorsEntry& entry = file_.entry(name);
    if (entry.dtype != "I32") bad("'" + name + "' is " + entry.dtype + ", expected I32");
    const bool fits = columns == 0 ? entry.shape.size() == 1
                                   : entry.shape.size() == 2 && entry.shape[1] == columns;
    if (!fits) {
      bad("'" + name + "' is not of shape " +
          (columns == 0 ? "[n]" : "[n, " + std::to_string(columns) + "]"));
    }
    const auto bytes = file_.bytes(entry);
    std::vector<int32_t> ids(bytes.size() / sizeof(int32_t));
    if (!ids.empty()) std::memcpy(ids.data(), bytes.data(), bytes.size());
    return ids;
  }

  [[nodiscard]] TileLayout read_tiles(const std::string& name, int64_t granularity) const {
    const std::vector<int32_t> sizes = read_ids(name + kTiles, 2);
    TileLayout layout{granularity, std::vector<Tile>(sizes.size() / 2)};
    deal(name + kKeptK, sizes, 0, layout, &Tile::kept_k);
    deal(name + kKeptN, sizes, 1, layout, &Tile::kept_n);
    return layout;
  }

  /// Each tile's share of a list of ids: sizes[2 t + which] of them.
  void deal(const std::string& name, const std::vector<int32_t>& sizes, size_t which,
            TileLayout& layout, std::vector<int32_t> Tile::*part) const {
    const std::vector<int32_t> ids = read_ids(name);
    auto left = std::span(ids);
    for (size_t t = 0; t < layout.tiles.size(); ++t) {
      const int32_t size = sizes[2 * t + which];
      if (size < 0 || std::cmp_greater(size, left.size())) {
        bad("'" + name + "' has " + std::to_string(left.size()) + " ids left for tile " +
            std::to_string(t) + ", which is to have " + std::to_string(size));
      }
      const auto own = left.first(static_cast<size_t>(size));
      (layout.tiles[t].*part).assign(own.begin(), own.end());
      left = left.subspan(own.size());
    }
    if (!left.empty()) {
      bad("'" + name + "' has " + std::to_string(left.size()) + " ids more than its tiles say");
    }
  }

  SafetensorsFile file_;
};

}  // namespace

void write_masks(const std::vector<NamedSelection>& masks, const std::filesystem::path& path,
                 OutputSet& files) {
  std::vector<SafetensorsTensor> tensors;
  std::map<std::string, std::string> metadata{{kVersionKey, "1.1"}};
  for (const NamedSelection& named : masks) {
    const Mask* mask = &named.selection.mask;
    tensors.push_back(
        {named.name, "BOOL", {mask->rows(), mask->cols()}, [mask](const ByteSink& sink) {
           produce_mask(*mask, sink);
         }});
    if (named.selection.tiles) add_tiles(named.name, *named.selection.tiles, tensors);
    if (named.pattern) metadata[named.name + kPattern] = to_string(*named.pattern);
  }
  const SafetensorsLayout layout = lay_out(std::move(tensors), metadata, path);
  AtomicFile& file = files.add(path);
  layout.write([&file](std::span<const std::byte> bytes) { file.write(bytes); });
  file.finish();
}

std::vector<NamedSelection> load_masks(const std::filesystem::path& path) {
  return MaskFile(path).read();
}

}  // namespace tvw::io
