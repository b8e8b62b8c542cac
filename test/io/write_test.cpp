// What is written can be read back, passes onnx's checker, and is the masked model.
#include <onnx/checker.h>

#include <algorithm>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "io/models.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"
#include "tvw/core/error.hpp"
#include "tvw/io/masks.hpp"
#include "tvw/io/packed_model.hpp"
#include "tvw/io/safetensors.hpp"
#include "tvw/io/write_model.hpp"

namespace tvw {
namespace {

constexpr const char* kPatterns[] = {"tvw:g=16", "tvw:g=16,nm=1:4", "tw:g=16", "2:4",
                                     "1:4",      "block:b=8",       "ew"};

/// Three ops on weights of awkward sizes, each weight stored in the type and cast to float.
test::onnx::ModelProto three_ops(DType dtype) {
  auto model = test::parse_model(test::header() +
                                 R"(g (float[m, 50] x, float[1, 3, 9, 9] image)
                                      => (float[m, 40] z, float[1, 24, 7, 7] c) {
    f0 = Cast <to = 1> (w0)
    y = MatMul(x, f0)
    f1 = Cast <to = 1> (w1)
    z = Gemm <transB = 1> (y, f1)
    f2 = Cast <to = 1> (w2)
    c = Conv(image, f2)
  })");
  test::add_weight(model, "w0", {50, 33}, dtype, 1);
  test::add_weight(model, "w1", {40, 33}, dtype, 2);
  test::add_weight(model, "w2", {24, 3, 3, 3}, dtype, 3);
  return model;
}

struct Pruned {
  std::vector<io::PackedWeight> packed;
  std::vector<Mask> masks;
  [[nodiscard]] std::vector<io::MaskedWeight> masked() const {
    std::vector<io::MaskedWeight> list;
    for (size_t i = 0; i < masks.size(); ++i) list.push_back({packed[i].weight, &masks[i]});
    return list;
  }
};

Pruned prune(const io::OnnxModel& model, const char* pattern) {
  const PatternSpec spec = parse_pattern(pattern);
  Pruned pruned;
  for (size_t i = 0; i < model.weights().size(); ++i) {
    const io::WeightInfo& info = model.weights()[i];
    REQUIRE(info.prunable);
    Selection selection =
        test::random_selection(info.K, info.N, spec, 0.5, static_cast<uint32_t>(i) + 1);
    pruned.packed.push_back({i, spec, pack::pack(model.read_weight(i), selection, spec)});
    pruned.masks.push_back(std::move(selection.mask));
  }
  return pruned;
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("packed models are read back and pass the checker", "[io]") {
  for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
    for (const char* pattern : kPatterns) {
      for (const io::Decode decode : {io::Decode::kFunctions, io::Decode::kInline}) {
        CAPTURE(name(dtype), pattern, decode == io::Decode::kInline);
        const test::TempDir folder;
        test::save(three_ops(dtype), folder / "m.onnx");
        io::OnnxModel model = io::load_onnx(folder / "m.onnx");
        const Pruned pruned = prune(model, pattern);
        const auto outputs = io::output_paths(folder / "m.tvw.onnx");
        io::write_packed(std::move(model), pruned.packed, outputs, decode);
        CHECK_NOTHROW(test::onnx::checker::check_model(outputs.model.string(), true));

        const auto loaded = io::load_packed(io::load_onnx(outputs.model));
        REQUIRE(loaded.size() == 3);
        for (size_t i = 0; i < 3; ++i) {
          CHECK(loaded[i].packed == pruned.packed[i].packed);
          CHECK(loaded[i].pattern == parse_pattern(pattern));
        }
        CHECK(io::verify_against(loaded, io::load_onnx(folder / "m.onnx")) == 3);

        // Unpacked, it is the masked model, tensor for tensor.
        const auto unpacked = io::output_paths(folder / "unpacked.onnx");
        io::unpack_model(io::load_onnx(outputs.model), unpacked);
        io::OnnxModel source = io::load_onnx(folder / "m.onnx");
        const auto masked = io::output_paths(folder / "masked.onnx");
        io::write_masked(std::move(source), pruned.masked(), masked);
        const io::OnnxModel a = io::load_onnx(unpacked.model);
        const io::OnnxModel b = io::load_onnx(masked.model);
        CHECK_NOTHROW(test::onnx::checker::check_model(unpacked.model.string(), true));
        REQUIRE(a.weights().size() == 3);
        for (size_t i = 0; i < 3; ++i) {
          CHECK(a.weights()[i].dims == b.weights()[i].dims);
          CHECK(a.read_weight(i) == b.read_weight(i));
        }
      }
    }
  }
}

TEST_CASE("a name that a sparse initializer has is not given again", "[io]") {
  const test::TempDir folder;
  test::onnx::ModelProto proto = three_ops(DType::kF32);
  const std::string taken = proto.graph().initializer(0).name() + ".values";
  auto* values = proto.mutable_graph()->add_sparse_initializer()->mutable_values();
  values->set_name(taken);
  values->set_data_type(test::onnx::TensorProto::FLOAT);
  test::save(proto, folder / "m.onnx");
  io::OnnxModel model = io::load_onnx(folder / "m.onnx");
  const Pruned pruned = prune(model, "tvw:g=16");
  REQUIRE(model.weights()[0].name + ".values" == taken);
  const auto outputs = io::output_paths(folder / "out.onnx");
  io::write_packed(std::move(model), pruned.packed, outputs, io::Decode::kFunctions);
  std::ifstream file(outputs.model, std::ios::binary);
  test::onnx::ModelProto packed;
  REQUIRE(packed.ParseFromIstream(&file));
  for (const auto& tensor : packed.graph().initializer()) CHECK(tensor.name() != taken);
}

TEST_CASE("writing twice gives the same bytes", "[io]") {
  const test::TempDir folder;
  test::save(three_ops(DType::kF32), folder / "m.onnx");
  for (const char* out : {"a.onnx", "b.onnx"}) {
    io::OnnxModel model = io::load_onnx(folder / "m.onnx");
    const Pruned pruned = prune(model, "tvw:g=16");
    io::write_packed(std::move(model), pruned.packed, io::output_paths(folder / out),
                     io::Decode::kFunctions);
  }
  CHECK(bytes_of(folder / "a.safetensors") == bytes_of(folder / "b.safetensors"));
}

TEST_CASE("external data of the source moves into the sidecar", "[io]") {
  const test::TempDir folder;
  auto proto = three_ops(DType::kF32);
  std::filesystem::create_directory(folder / "data");
  std::ofstream file(folder / "data/w.bin", std::ios::binary);
  int64_t offset = 0;
  for (auto& tensor : *proto.mutable_graph()->mutable_initializer()) {
    const std::string raw = tensor.raw_data();
    file.write(raw.data(), static_cast<std::streamsize>(raw.size()));
    tensor.clear_raw_data();
    tensor.set_data_location(test::onnx::TensorProto::EXTERNAL);
    const auto add = [&](const char* key, const std::string& value) {
      auto* entry = tensor.add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    };
    add("location", "data/w.bin");
    add("offset", std::to_string(offset));
    offset += static_cast<int64_t>(raw.size());
  }
  file.close();
  test::save(proto, folder / "m.onnx");

  io::OnnxModel model = io::load_onnx(folder / "m.onnx");
  Pruned pruned = prune(model, "2:4");
  const DenseMatrix untouched = model.read_weight(1);
  pruned.packed.erase(pruned.packed.begin() + 1);
  std::filesystem::create_directory(folder / "out");
  const auto outputs = io::output_paths(folder / "out/m.tvw.onnx");
  io::write_packed(std::move(model), pruned.packed, outputs, io::Decode::kFunctions);
  CHECK_NOTHROW(test::onnx::checker::check_model(outputs.model.string(), true));
  const io::SafetensorsFile sidecar(outputs.sidecar);
  CHECK(sidecar.entry("w1").shape == std::vector<int64_t>{40, 33});
  const io::OnnxModel written = io::load_onnx(outputs.model);
  bool found = false;
  for (size_t i = 0; i < written.weights().size(); ++i) {
    if (written.weights()[i].name != "w1") continue;
    found = true;
    CHECK(written.read_weight(i) == untouched);
  }
  CHECK(found);
}

TEST_CASE("an old opset is raised for packing", "[io]") {
  const test::TempDir folder;
  auto proto = test::parse_model(test::header(9, 4) +
                                 "g (float[2, 50] x) => (float[2, 33] y) { y = MatMul(x, w) }");
  test::add_weight(proto, "w", {50, 33}, DType::kF32, 1);
  test::save(proto, folder / "m.onnx");
  io::OnnxModel model = io::load_onnx(folder / "m.onnx");
  model.raise_for_packing();
  const Pruned pruned = prune(model, "tvw:g=16");
  const auto outputs = io::output_paths(folder / "m.tvw.onnx");
  io::write_packed(std::move(model), pruned.packed, outputs, io::Decode::kFunctions);
  CHECK_NOTHROW(test::onnx::checker::check_model(outputs.model.string(), true));
}

TEST_CASE("an opset that onnx cannot raise names the way out", "[io]") {
  const test::TempDir folder;
  auto proto = test::parse_model(
      test::header(7, 3) +
      "g (float[2, 50] x) => (float[2, 33] z) { y = MatMul(x, w) z = NoSuchOp(y) }");
  test::add_weight(proto, "w", {50, 33}, DType::kF32, 1);
  test::save(proto, folder / "m.onnx");
  io::OnnxModel model = io::load_onnx(folder / "m.onnx");
  CHECK_THROWS_WITH(model.raise_for_packing(), Catch::Contains("--emit masked"));
}

TEST_CASE("nodes that make onnx crash are an error like another", "[io]") {
  const test::TempDir folder;
  auto proto =
      test::parse_model(test::header(6, 4) +
                        "g (float[m, 64] x) => (float[m, 96] z) { y = MatMul(x, w) z = Add(y) }");
  test::add_weight(proto, "w", {64, 96}, DType::kF32, 1);
  test::save(proto, folder / "m.onnx");
  io::OnnxModel model = io::load_onnx(folder / "m.onnx");
  CHECK_THROWS_WITH(model.raise_for_packing(),
                    Catch::Contains("it crashed") && Catch::Contains("--emit masked"));
}

TEST_CASE("packed weights may be called anything", "[io]") {
  const test::TempDir folder;
  auto proto = test::parse_model(
      test::header() +
      "g (float[m, 16] x) => (float[m, 16] z) { y = MatMul(x, w) z = MatMul(y, wvalues) }");
  test::add_weight(proto, "w", {16, 16}, DType::kF32, 1);
  test::add_weight(proto, "w.values", {16, 16}, DType::kF32, 2);
  proto.mutable_graph()->mutable_node(1)->set_input(1, "w.values");
  test::save(proto, folder / "m.onnx");
  io::OnnxModel model = io::load_onnx(folder / "m.onnx");
  const Pruned pruned = prune(model, "2:4");
  const auto outputs = io::output_paths(folder / "m.tvw.onnx");
  io::write_packed(std::move(model), pruned.packed, outputs, io::Decode::kFunctions);
  CHECK_NOTHROW(test::onnx::checker::check_model(outputs.model.string(), true));
  CHECK(io::load_packed(io::load_onnx(outputs.model)).size() == 2);
}

TEST_CASE("masks survive their file, with pattern and tiles", "[io]") {
  const test::TempDir folder;
  const auto path = folder / "masks.safetensors";
  const PatternSpec tvw = parse_pattern("tvw:g=16");
  const std::vector<NamedSelection> masks{
      {"a", std::nullopt, {test::random_mask(7, 70, 0.5, 1), std::nullopt}},
      {"b/c", parse_pattern("ew"), {test::random_mask(64, 3, 0.1, 2), std::nullopt}},
      {"d.e", tvw, test::random_selection(96, 80, tvw, 0.3, 3)}};
  OutputSet files;
  io::write_masks(masks, path, files);
  CHECK_FALSE(std::filesystem::exists(path));
  files.commit();
  auto loaded = io::load_masks(path);
  REQUIRE(loaded.size() == masks.size());
  std::ranges::sort(loaded, {}, &NamedSelection::name);
  for (size_t i = 0; i < masks.size(); ++i) {
    CHECK(loaded[i].name == masks[i].name);
    CHECK(loaded[i].pattern == masks[i].pattern);
    CHECK(loaded[i].selection.mask == masks[i].selection.mask);
    CHECK(loaded[i].selection.tiles == masks[i].selection.tiles);
  }
}

using Ids = std::vector<int32_t>;

/// A mask "w" [2, 4] that keeps all, in a file of its own with ids as given.
class MaskFileOf {
 public:
  MaskFileOf() { tensors_.push_back({"w", "BOOL", {2, 4}, bytes_of(std::vector<uint8_t>(8, 1))}); }

  MaskFileOf& add(const char* name, std::vector<int64_t> shape, const Ids& ids) {
    tensors_.push_back({name, "I32", std::move(shape), bytes_of(ids)});
    return *this;
  }
  MaskFileOf& add(const char* name, const Ids& ids) { return add(name, {std::ssize(ids)}, ids); }
  MaskFileOf& state(const char* key, const char* text) {
    metadata_[key] = text;
    return *this;
  }

  [[nodiscard]] std::vector<NamedSelection> load() const {
    const test::TempDir folder;
    AtomicFile file(folder / "masks.safetensors");
    io::SafetensorsLayout(tensors_, metadata_).write([&](std::span<const std::byte> bytes) {
      file.write(bytes);
    });
    file.commit();
    return io::load_masks(folder / "masks.safetensors");
  }
  /// Why it is refused, without the file's name.
  [[nodiscard]] std::string refusal() const {
    try {
      static_cast<void>(load());
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::kBadFile);
      const std::string text = error.what();
      return text.substr(text.find("masks.safetensors") + 17);
    }
    return "";
  }

 private:
  template <class T>
  static std::function<void(const io::ByteSink&)> bytes_of(const std::vector<T>& values) {
    return [values](const io::ByteSink& sink) { sink(std::as_bytes(std::span(values))); };
  }

  std::vector<io::SafetensorsTensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

TEST_CASE("a broken file of masks is refused", "[io]") {
  const auto tiles = [](const Ids& sizes, const Ids& kept_k, const Ids& kept_n) {
    return MaskFileOf()
        .add("w.tiles", {std::ssize(sizes) / 2, 2}, sizes)
        .add("w.kept_k", kept_k)
        .add("w.kept_n", kept_n)
        .state("w.pattern", "tw:g=4");
  };
  CHECK(tiles({2, 4}, {0, 1}, {0, 1, 2, 3}).refusal().empty());
  CHECK(tiles({3, 1}, {0, 1}, {0}).refusal() ==
        ": 'w.kept_k' has 2 ids left for tile 0, which is to have 3");
  CHECK(tiles({-1, 1}, {0, 1}, {0}).refusal() ==
        ": 'w.kept_k' has 2 ids left for tile 0, which is to have -1");
  CHECK(tiles({1, 1}, {0, 1}, {0}).refusal() == ": 'w.kept_k' has 1 ids more than its tiles say");
  CHECK(tiles({1, 1}, {0}, {0}).state("w.pattern", "tww").refusal().find(": mask 'w': ") == 0);
  CHECK(tiles({1, 1}, {0}, {0}).state("tvw.masks", "2.0").refusal() ==
        ": masks of format 2.0, expected 1.x");
  CHECK(MaskFileOf().add("w.tiles", {2}, {1, 1}).refusal() == ": 'w.tiles' is not of shape [n, 2]");
  CHECK(MaskFileOf().add("w.tiles", {1, 2}, {1, 1}).refusal() == " has no tensor 'w.kept_k'");
  CHECK(MaskFileOf().add("w.kept_k", {0}).refusal() ==
        ": mask 'w.kept_k' is I32 of rank 1, expected BOOL [K, N]");
}

TEST_CASE("a weight may not have the name of another one's tiles", "[io]") {
  const test::TempDir folder;
  const PatternSpec tw = parse_pattern("tw:g=16");
  const Selection selection = test::random_selection(32, 32, tw, 0.5, 1);
  OutputSet files;
  try {
    io::write_masks({{"w", tw, selection}, {"w.kept_k", tw, selection}}, folder / "m", files);
    FAIL_CHECK("written");
  } catch (const Error& error) {
    CHECK(error.what() == (folder / "m").string() + ": two tensors are called 'w.kept_k'");
  }
}

TEST_CASE("tiles are read where the metadata was lost", "[io]") {
  const auto masks = MaskFileOf()
                         .add("w.tiles", {1, 2}, {2, 4})
                         .add("w.kept_k", {1, 0})
                         .add("w.kept_n", {0, 3, 1, 2})
                         .load();
  REQUIRE(masks.size() == 1);
  CHECK_FALSE(masks[0].pattern.has_value());
  CHECK(masks[0].selection.tiles == TileLayout{0, {Tile{{1, 0}, {0, 3, 1, 2}}}});
}

}  // namespace
}  // namespace tvw
