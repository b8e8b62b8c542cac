// Files that are no model, or lie about their tensors, are refused in one sentence.
#include "io/models.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"
#include "tvw/core/error.hpp"
#include "tvw/io/onnx_model.hpp"

namespace tvw {
namespace {

constexpr const char* kMatMul = "g (float[m, 4] x) => (float[m, 6] y) { y = MatMul(x, w) }";

struct Refusal {
  ErrorCode code = ErrorCode::kNothingToDo;
  std::string message;
  [[nodiscard]] bool names(const std::string& text) const {
    return message.find(text) != std::string::npos;
  }
};

Refusal load(const std::filesystem::path& path) {
  try {
    static_cast<void>(io::load_onnx(path));
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  return {};
}

Refusal load(const test::onnx::ModelProto& model) {
  const test::TempDir folder;
  test::save(model, folder / "m.onnx");
  return load(folder / "m.onnx");
}

void write(const std::filesystem::path& path, const std::string& content) {
  std::ofstream(path, std::ios::binary) << content;
}

std::string model_bytes() {
  auto model = test::parse_model(test::header() + kMatMul);
  test::add_weight(model, "w", {4, 6}, DType::kF32, 1);
  return model.SerializeAsString();
}

TEST_CASE("what is no model is refused by name", "[io]") {
  const test::TempDir folder;
  CHECK(load(folder / "absent.onnx").code == ErrorCode::kIo);
  CHECK(load(folder / "absent.onnx").names("absent.onnx"));
  CHECK(load(folder.path()).names("directory"));
  write(folder / "empty.onnx", "");
  CHECK(load(folder / "empty.onnx").code == ErrorCode::kBadFile);
  CHECK(load(folder / "empty.onnx").names("empty"));
  write(folder / "text.onnx", "Dear reader,\nthis is a letter and no model.\n");
  CHECK(load(folder / "text.onnx").code == ErrorCode::kBadFile);
  std::mt19937 generator(1);
  for (int file = 0; file < 200; ++file) {
    std::string bytes(1 + generator() % 4000, '\0');
    for (char& byte : bytes) byte = static_cast<char>(generator());
    write(folder / "random.onnx", bytes);
    CHECK(load(folder / "random.onnx").code == ErrorCode::kBadFile);
  }
}

TEST_CASE("every truncation of a model is refused or harmless", "[io]") {
  const test::TempDir folder;
  const std::string good = model_bytes();
  write(folder / "m.onnx", good);
  REQUIRE(load(folder / "m.onnx").message.empty());
  int refused = 0;
  for (size_t size = 0; size < good.size(); ++size) {
    write(folder / "m.onnx", good.substr(0, size));
    const Refusal refusal = load(folder / "m.onnx");
    const bool known = refusal.message.empty() || refusal.code == ErrorCode::kBadFile;
    CHECK(known);
    refused += refusal.message.empty() ? 0 : 1;
  }
  CHECK(refused > static_cast<int>(good.size()) / 2);
}

TEST_CASE("a changed byte of a model is refused or harmless", "[io]") {
  const test::TempDir folder;
  const std::string good = model_bytes();
  std::mt19937 generator(2);
  for (size_t at = 0; at < good.size(); ++at) {
    std::string changed = good;
    changed[at] = static_cast<char>(generator());
    write(folder / "m.onnx", changed);
    const Refusal refusal = load(folder / "m.onnx");
    const bool known = refusal.message.empty() || refusal.code == ErrorCode::kBadFile ||
                       refusal.code == ErrorCode::kIo;
    CHECK(known);
  }
}

TEST_CASE("impossible dims are refused with the tensor's name", "[io]") {
  const std::vector<std::vector<int64_t>> all_dims{{-1, 6},
                                                   {4, -6},
                                                   {INT64_MIN, 6},
                                                   {INT64_MAX, INT64_MAX},
                                                   {int64_t{1} << 62, 4},
                                                   {1 << 30, 1 << 30, 8},
                                                   {int64_t{1} << 32, 1 << 31},
                                                   {4, 7},
                                                   {4, 0}};
  for (const auto& dims : all_dims) {
    CAPTURE(dims);
    auto model = test::parse_model(test::header() + kMatMul);
    test::add_weight(model, "w", {4, 6}, DType::kF32, 1);
    auto* tensor = model.mutable_graph()->mutable_initializer(0);
    tensor->clear_dims();
    for (const int64_t dim : dims) tensor->add_dims(dim);
    const Refusal refusal = load(model);
    CHECK(refusal.code == ErrorCode::kBadFile);
    CHECK(refusal.names("'w'"));
  }
}

TEST_CASE("typed data must have as many elements as the dims", "[io]") {
  auto model = test::parse_model(test::header() + kMatMul);
  auto* tensor = model.mutable_graph()->add_initializer();
  tensor->set_name("w");
  tensor->set_data_type(test::onnx::TensorProto::FLOAT);
  tensor->add_dims(4);
  tensor->add_dims(6);
  for (int i = 0; i < 23; ++i) tensor->add_float_data(1.0f);
  CHECK(load(model).names("23 elements"));
  tensor->add_float_data(1.0f);
  CHECK(load(model).message.empty());
}

TEST_CASE("a name that two values have is refused", "[io]") {
  const auto of = [](const char* body) {
    auto model = test::parse_model(test::header() + "g (float[m, 4] x) => (float[m, 6] y) {" +
                                   std::string(body) + "}");
    test::add_weight(model, "w", {4, 6}, DType::kF32, 1);
    return load(model);
  };
  CHECK(of("y = MatMul (x, w)").message.empty());
  CHECK(of("a = MatMul (x, w)  a = Relu (x)  y = Relu (a)").names("two tensors are called 'a'"));
  CHECK(of("w = Relu (x)  y = MatMul (x, w)").names("two tensors are called 'w'"));
  CHECK(of("a, m = Dropout (x)  b, m = Dropout (x)  y = MatMul (a, w)").names("'m'"));
}

TEST_CASE("tensors of subgraphs and functions are checked as well", "[io]") {
  auto model = test::parse_model(test::header() +
                                 R"(g (bool c, float[m, 4] x) => (float[m, 6] y) {
    y = If (c) <
      then_branch = a () => (float[m, 6] t) { w = Constant <value = float[2] {1, 2}> ()  t = Identity(w) },
      else_branch = b () => (float[m, 6] e) { e = Identity(x) }
    >
  })");
  auto* constant = model.mutable_graph()
                       ->mutable_node(0)
                       ->mutable_attribute(0)
                       ->mutable_g()
                       ->mutable_node(0)
                       ->mutable_attribute(0)
                       ->mutable_t();
  REQUIRE(load(model).message.empty());
  constant->set_dims(0, -2);
  CHECK(load(model).code == ErrorCode::kBadFile);
}

TEST_CASE("tensors of model-local functions are checked as well", "[io]") {
  auto model = test::parse_model(
      "<ir_version: 8, opset_import: [\"\" : 17, \"f\" : 1]>\n"
      "g (float[m, 4] x) => (float[m, 6] y) { y = f.F(x) }\n"
      "<opset_import: [\"\" : 17], domain: \"f\">\n"
      "F (x) => (y) { w = Constant <value = float[4, 6] {1}> ()  y = MatMul(x, w) }");
  auto* tensor = model.mutable_functions(0)->mutable_node(0)->mutable_attribute(0)->mutable_t();
  tensor->set_dims(0, 1);
  tensor->set_dims(1, 1);
  REQUIRE(load(model).message.empty());
  tensor->set_dims(0, INT64_MAX);
  tensor->set_dims(1, INT64_MAX);
  CHECK(load(model).code == ErrorCode::kBadFile);
}

TEST_CASE("a long chain of views ends", "[io]") {
  auto model = test::parse_model(test::header() + kMatMul);
  test::add_weight(model, "w0", {4, 6}, DType::kF32, 1);
  constexpr int kSteps = 100'000;
  auto* graph = model.mutable_graph();
  for (int i = 0; i < kSteps; ++i) {
    auto* node = graph->add_node();
    node->set_op_type("Identity");
    node->add_input("w" + std::to_string(i));
    node->add_output(i + 1 == kSteps ? "w" : "w" + std::to_string(i + 1));
  }
  CHECK(load(model).message.empty());
}

TEST_CASE("a cycle of views ends", "[io]") {
  auto model = test::parse_model(test::header() +
                                 R"(g (float[m, 4] x) => (float[m, 6] y) {
    a = Identity(b)
    b = Identity(a)
    y = MatMul(x, a)
  })");
  CHECK(load(model).message.empty());
}

}  // namespace
}  // namespace tvw
