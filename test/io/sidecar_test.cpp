// The sidecar's own rules: version, checksums, consistency.
#include <algorithm>
#include <fstream>

#include "io/models.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"
#include "tvw/core/error.hpp"
#include "tvw/io/packed_model.hpp"
#include "tvw/io/safetensors.hpp"

namespace tvw {
namespace {

/// m.onnx of `folder`, with its first weight [32, 48] packed, as m.tvw.onnx.
void pack_first_weight(const test::TempDir& folder, io::Decode decode = io::Decode::kFunctions) {
  io::OnnxModel model = io::load_onnx(folder / "m.onnx");
  const PatternSpec spec = parse_pattern("tvw:g=16");
  const Selection selection = test::random_selection(32, 48, spec, 0.5, 1);
  const std::vector<io::PackedWeight> packed{
      {0, spec, pack::pack(model.read_weight(0), selection, spec)}};
  io::write_packed(std::move(model), packed, io::output_paths(folder / "m.tvw.onnx"), decode);
}

/// A packed model of one weight in `folder`, and the bytes of its sidecar.
std::string make_sidecar(const test::TempDir& folder, io::Decode decode = io::Decode::kFunctions) {
  auto proto = test::parse_model(test::header() +
                                 "g (float[m, 32] x) => (float[m, 48] y) { y = MatMul(x, w) }");
  test::add_weight(proto, "w", {32, 48}, DType::kF32, 1);
  test::save(proto, folder / "m.onnx");
  pack_first_weight(folder, decode);
  std::ifstream file(folder / "m.tvw.safetensors", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

ErrorCode load_error(const test::TempDir& folder, const std::string& content) {
  std::ofstream(folder / "m.tvw.safetensors", std::ios::binary) << content;
  try {
    static_cast<void>(io::load_packed(io::load_onnx(folder / "m.tvw.onnx")));
  } catch (const Error& error) {
    return error.code();
  }
  return ErrorCode::kNothingToDo;
}

/// Same length, so that the header stays where it is.
std::string replaced(std::string text, const std::string& what, const std::string& with) {
  REQUIRE(what.size() == with.size());
  const size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

TEST_CASE("a changed sidecar is noticed", "[io]") {
  const test::TempDir folder;
  const std::string good = make_sidecar(folder);
  CHECK(load_error(folder, good) == ErrorCode::kNothingToDo);
  for (const size_t back : {size_t{1}, size_t{100}, size_t{1000}}) {
    std::string flipped = good;
    flipped[flipped.size() - back] = static_cast<char>(flipped[flipped.size() - back] ^ 1);
    CHECK(load_error(folder, flipped) == ErrorCode::kVerificationFailed);
  }
  CHECK(load_error(folder, good.substr(0, good.size() - 1)) == ErrorCode::kBadFile);
  CHECK(load_error(folder, replaced(good, R"("tvw.format":"1.0")", R"("tvw.format":"2.0")")) ==
        ErrorCode::kBadFile);
  CHECK(load_error(folder, replaced(good, R"("tvw.format":"1.0")", R"("tvw.format":"1.9")")) ==
        ErrorCode::kNothingToDo);
  CHECK(load_error(folder, replaced(good, "tvw.format", "xyz.format")) == ErrorCode::kBadFile);
  CHECK(load_error(folder, replaced(good, R"(\"K\":32)", R"(\"K\":16)")) == ErrorCode::kBadFile);
  CHECK(load_error(folder, replaced(good, R"(\"N\":48)", R"(\"N\":-8)")) == ErrorCode::kBadFile);
  CHECK(load_error(folder, replaced(good, "tvw:g=16", "tvw:g=32")) == ErrorCode::kBadFile);
  CHECK(load_error(folder, replaced(good, "tvw:g=16", "xyz:g=16")) == ErrorCode::kBadFile);
  CHECK(load_error(folder, replaced(good, R"(\"format\":\"tvw\")", R"(\"format\":\"abc\")")) ==
        ErrorCode::kBadFile);
}

TEST_CASE("a sidecar that the model does not read is no proof of it", "[io]") {
  const test::TempDir folder;
  static_cast<void>(make_sidecar(folder));
  std::filesystem::copy_file(folder / "m.tvw.onnx", folder / "copy.onnx");
  std::ofstream(folder / "copy.safetensors") << "not what copy.onnx reads";
  CHECK(io::load_packed(io::load_onnx(folder / "copy.onnx")).size() == 1);

  // One tensor from another file, which has the same bytes now, but need not for ever.
  std::filesystem::copy_file(folder / "m.tvw.safetensors", folder / "two.safetensors");
  test::onnx::ModelProto changed;
  std::ifstream file(folder / "copy.onnx", std::ios::binary);
  REQUIRE(changed.ParseFromIstream(&file));
  auto& tensors = *changed.mutable_graph()->mutable_initializer();
  const auto last = std::find_if(tensors.rbegin(), tensors.rend(), [](const auto& tensor) {
    return tensor.external_data_size() > 0;
  });
  for (auto& entry : *last->mutable_external_data()) {
    if (entry.key() == "location") entry.set_value("two.safetensors");
  }
  test::save(changed, folder / "copy.onnx");
  CHECK_THROWS_WITH(io::load_packed(io::load_onnx(folder / "copy.onnx")),
                    Catch::Contains("reads tensor") && Catch::Contains("two.safetensors"));
}

TEST_CASE("a model is packed if its graph decodes weights", "[io]") {
  const test::TempDir folder;
  static_cast<void>(make_sidecar(folder));
  std::filesystem::copy_file(folder / "m.tvw.safetensors", folder / "m.safetensors");
  CHECK_FALSE(io::is_packed(io::load_onnx(folder / "m.onnx")));
  CHECK(io::is_packed(io::load_onnx(folder / "m.tvw.onnx")));
}

TEST_CASE("stored_bytes() is what the sidecar takes for a weight", "[io]") {
  const test::TempDir folder;
  static_cast<void>(make_sidecar(folder));
  const auto loaded = io::load_packed(io::load_onnx(folder / "m.tvw.onnx"));
  const io::SafetensorsFile file(folder / "m.tvw.safetensors");
  REQUIRE(loaded.size() == 1);
  int64_t bytes = 0;
  for (const auto& [suffix, name] : loaded[0].tensors) {
    bytes += std::ssize(file.bytes(file.entry(name)));
  }
  CHECK(io::stored_bytes(loaded[0].packed) == bytes);
}

TEST_CASE("decoding that was changed is noticed", "[io]") {
  for (const io::Decode decode : {io::Decode::kFunctions, io::Decode::kInline}) {
    const test::TempDir folder;
    static_cast<void>(make_sidecar(folder, decode));
    test::onnx::ModelProto good;
    std::ifstream file(folder / "m.tvw.onnx", std::ios::binary);
    REQUIRE(good.ParseFromIstream(&file));
    const auto verify = [&](const test::onnx::ModelProto& changed) {
      test::save(changed, folder / "m.tvw.onnx");
      const io::OnnxModel model = io::load_onnx(folder / "m.tvw.onnx");
      io::verify_decoding(model, io::load_packed(model));
    };
    CHECK_NOTHROW(verify(good));
    test::onnx::ModelProto changed = good;
    for (auto& tensor : *changed.mutable_graph()->mutable_initializer()) {
      if (tensor.name() != "w.buffer_shape") continue;
      std::string& numbers = *tensor.mutable_raw_data();
      numbers[0] = static_cast<char>(numbers[0] + 1);
    }
    CHECK_THROWS_WITH(verify(changed), Catch::Contains("shapes"));
    const auto tensor_of = [](test::onnx::ModelProto& model, const std::string& name) {
      auto& tensors = *model.mutable_graph()->mutable_initializer();
      return &*std::ranges::find_if(tensors, [&](const auto& t) { return t.name() == name; });
    };
    changed = good;
    auto& dims = *tensor_of(changed, "w.values")->mutable_dims();
    REQUIRE(dims.size() > 0);
    dims.Set(0, dims[0] / 2);
    dims.Add(2);
    CHECK_THROWS_WITH(verify(changed), Catch::Contains("'w.values' has another type or shape"));
    changed = good;
    tensor_of(changed, "w.values")->set_data_type(test::onnx::TensorProto::INT32);
    CHECK_THROWS_WITH(verify(changed), Catch::Contains("'w.values' has another type or shape"));
    changed = good;
    if (decode == io::Decode::kFunctions) {
      REQUIRE(changed.functions_size() == 1);
      changed.mutable_functions(0)->mutable_node(0)->set_op_type("Sub");
      CHECK_THROWS_WITH(verify(changed), Catch::Contains("functions"));
      changed.clear_functions();
      CHECK_THROWS_WITH(verify(changed), Catch::Contains("functions"));
    } else {
      for (auto& node : *changed.mutable_graph()->mutable_node()) {
        if (node.op_type() == "Add") node.set_op_type("Sub");
      }
      CHECK_THROWS_WITH(verify(changed), Catch::Contains("nodes"));
    }
  }
}

TEST_CASE("a renamed model still finds its sidecar", "[io]") {
  const test::TempDir folder;
  static_cast<void>(make_sidecar(folder));
  std::filesystem::rename(folder / "m.tvw.onnx", folder / "other.onnx");
  const io::OnnxModel model = io::load_onnx(folder / "other.onnx");
  CHECK(io::load_packed(model).size() == 1);
  CHECK_THROWS_WITH(io::require_unpacked(model), Catch::Contains("holds packed weights already"));
  const io::OnnxModel source = io::load_onnx(folder / "m.onnx");
  CHECK_NOTHROW(io::require_unpacked(source));
  CHECK_THROWS_WITH((void)io::load_packed(source), Catch::Contains("no model that tvw packed"));
}

TEST_CASE("a missing sidecar is named", "[io]") {
  const test::TempDir folder;
  static_cast<void>(make_sidecar(folder));
  std::filesystem::remove(folder / "m.tvw.safetensors");
  CHECK_THROWS_WITH(io::load_packed(io::load_onnx(folder / "m.tvw.onnx")),
                    Catch::Contains("m.tvw.safetensors"));
}

TEST_CASE("a tensor that is moved but not pruned is compared with the source's", "[io]") {
  const test::TempDir folder;
  auto proto = test::parse_model(test::header() +
                                 "g (float[m, 32] x) => (float[m, 48] y, float[m, 8192] z) { y = "
                                 "MatMul(x, w)\n z = MatMul(x, e) }");
  test::add_weight(proto, "w", {32, 48}, DType::kF32, 1);
  test::add_weight(proto, "e", {32, 8192}, DType::kF32, 2);  // 1 MiB: goes to the sidecar
  test::save(proto, folder / "m.onnx");
  pack_first_weight(folder);
  const auto verify = [&] {
    return io::verify_unpruned(io::load_onnx(folder / "m.tvw.onnx"),
                               io::load_onnx(folder / "m.onnx"));
  };
  CHECK(verify() == 1);
  std::fstream sidecar(folder / "m.tvw.safetensors",
                       std::ios::in | std::ios::out | std::ios::binary);
  sidecar.seekp(-100, std::ios::end);
  sidecar.put('\x2a');
  sidecar.close();
  CHECK_NOTHROW((void)io::load_packed(io::load_onnx(folder / "m.tvw.onnx")));  // no weight's byte
  CHECK_THROWS_WITH(verify(), Catch::Contains("'e', which is not pruned, is not that of"));
}

TEST_CASE("a model packed from other weights does not verify", "[io]") {
  const test::TempDir folder;
  static_cast<void>(make_sidecar(folder));
  auto proto = test::parse_model(test::header() +
                                 "g (float[m, 32] x) => (float[m, 48] y) { y = MatMul(x, w) }");
  test::add_weight(proto, "w", {32, 48}, DType::kF32, 2);
  test::save(proto, folder / "other.onnx");
  try {
    static_cast<void>(io::verify_against(io::load_packed(io::load_onnx(folder / "m.tvw.onnx")),
                                         io::load_onnx(folder / "other.onnx")));
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kVerificationFailed);
  }
}

}  // namespace
}  // namespace tvw
