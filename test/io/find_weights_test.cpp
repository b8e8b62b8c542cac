// Which weights are found, in which orientation, and what is said of those that cannot be pruned.
#include "io/models.hpp"
#include "support/catch.hpp"
#include "support/temp_dir.hpp"
#include "tvw/core/error.hpp"
#include "tvw/io/onnx_model.hpp"

namespace tvw {
namespace {

using test::add_weight;
using test::header;
using test::parse_model;

struct Weight {
  const char* name;
  std::vector<int64_t> dims;
};

io::OnnxModel load(const std::string& text, const std::vector<Weight>& weights,
                   DType dtype = DType::kF32) {
  auto model = parse_model(header() + text);
  for (const Weight& weight : weights) add_weight(model, weight.name, weight.dims, dtype, 7);
  const test::TempDir folder;
  test::save(model, folder / "m.onnx");
  return io::load_onnx(folder / "m.onnx");
}

void check_one(const io::OnnxModel& model, int64_t K, int64_t N, bool transposed) {
  REQUIRE(model.weights().size() == 1);
  const io::WeightInfo& info = model.weights()[0];
  CAPTURE(info.reason);
  CHECK(info.prunable);
  CHECK(info.K == K);
  CHECK(info.N == N);
  CHECK(info.transposed == transposed);
}

void check_reason(const io::OnnxModel& model, const std::string& part) {
  REQUIRE(!model.weights().empty());
  CHECK_FALSE(model.weights()[0].prunable);
  CHECK_THAT(model.weights()[0].reason, Catch::Contains(part));
}

TEST_CASE("MatMul, Gemm and Conv weights are found", "[io]") {
  check_one(load("g (float[m, 6] x) => (float[m, 4] y) { y = MatMul(x, w) }", {{"w", {6, 4}}}), 6,
            4, false);
  check_one(load("g (float[4, m] x) => (float[6, m] y) { y = MatMul(w, x) }", {{"w", {6, 4}}}), 4,
            6, true);
  check_one(load("g (float[m, 6] x) => (float[m, 4] y) { y = Gemm(x, w) }", {{"w", {6, 4}}}), 6, 4,
            false);
  check_one(load("g (float[m, 6] x) => (float[m, 4] y) { y = Gemm <transB = 1> (x, w) }",
                 {{"w", {4, 6}}}),
            6, 4, true);
  check_one(load("g (float[1, 3, 9, 9] x) => (float[1, 8, 7, 7] y) { y = Conv(x, w) }",
                 {{"w", {8, 3, 3, 3}}}),
            27, 8, true);
}

TEST_CASE("weights are found behind views", "[io]") {
  const char* const x = "g (float[m, 6] x) => (float[m, 4] y) ";
  check_one(load(std::string(x) + "{ v = Identity(w) y = MatMul(x, v) }", {{"w", {6, 4}}}), 6, 4,
            false);
  check_one(load(std::string(x) + "{ v = Transpose(w) y = MatMul(x, v) }", {{"w", {4, 6}}}), 6, 4,
            true);
  check_one(
      load(std::string(x) + "{ a = Transpose <perm = [1, 0]> (w) y = Gemm <transB = 1> (x, a) }",
           {{"w", {6, 4}}}),
      6, 4, false);
  check_one(load(std::string(x) + R"({
    s = Constant <value = int64[2] {6, -1}> ()
    v = Reshape(w, s) y = MatMul(x, v) })",
                 {{"w", {2, 3, 2, 2}}}),
            6, 4, false);
  check_one(load(std::string(x) + R"({
    a = Constant <value = int64[1] {0}> ()
    u = Squeeze(w, a) y = MatMul(x, u) })",
                 {{"w", {1, 6, 4}}}),
            6, 4, false);
  check_one(
      load(std::string(x) + "{ v = Flatten <axis = 2> (w) y = MatMul(x, v) }", {{"w", {2, 3, 4}}}),
      6, 4, false);
  check_one(
      load("g (float16[m, 6] x) => (float16[m, 4] y) { v = Cast <to = 10> (w) y = MatMul(x, v) }",
           {{"w", {6, 4}}}),
      6, 4, false);
}

TEST_CASE("a Constant node is a weight", "[io]") {
  check_one(load(R"(g (float[m, 2] x) => (float[m, 3] y) {
    w = Constant <value = float[2, 3] {1, 2, 3, 4, 5, 6}> ()
    y = MatMul(x, w) })",
                 {}),
            2, 3, false);
}

TEST_CASE("a weight is read as B[K, N] whatever its order", "[io]") {
  const auto plain =
      load("g (float[m, 6] x) => (float[m, 4] y) { y = MatMul(x, w) }", {{"w", {6, 4}}});
  const auto turned = load("g (float[m, 6] x) => (float[m, 4] y) { y = Gemm <transB = 1> (x, w) }",
                           {{"w", {4, 6}}});
  const auto a = plain.read_weight(0).values.to_f32();
  const auto b = turned.read_weight(0).values.to_f32();
  for (size_t k = 0; k < 6; ++k) {
    for (size_t n = 0; n < 4; ++n) CHECK(b[k * 4 + n] == a[n * 6 + k]);
  }
}

TEST_CASE("values of typed fields are read like raw ones", "[io]") {
  auto model = parse_model(header() + "g (float[m, 2] x) => (float[m, 2] y) { y = MatMul(x, w) }");
  auto* tensor = model.mutable_graph()->add_initializer();
  tensor->set_name("w");
  tensor->add_dims(2);
  tensor->add_dims(2);
  tensor->set_data_type(test::onnx::TensorProto::FLOAT16);
  for (const int bits : {0x3c00, 0x4000, 0xbc00, 0x0001}) tensor->add_int32_data(bits);
  const test::TempDir folder;
  test::save(model, folder / "m.onnx");
  const auto values = io::load_onnx(folder / "m.onnx").read_weight(0).values.to_f32();
  CHECK(values == std::vector<float>{1.0f, 2.0f, -1.0f, 0x1p-24f});
}

TEST_CASE("what is not prunable says why", "[io]") {
  check_reason(
      load("g (float[b, m, 6] x) => (float[b, m, 4] y) { y = MatMul(x, w) }", {{"w", {5, 6, 4}}}),
      "batch of matrices");
  check_reason(
      load("g (float[1, 4, 9, 9] x) => (float[1, 8, 7, 7] y) { y = Conv <group = 2> (x, w) }",
           {{"w", {8, 2, 3, 3}}}),
      "grouped");
  check_reason(
      load("g (float[1, 4, 9, 9] x) => (float[1, 2, 11, 11] y) { y = ConvTranspose(x, w) }",
           {{"w", {4, 2, 3, 3}}}),
      "transposed convolution");
  check_reason(
      load("g (float[m, 6] x) => (float[m, 4] y, float[6, 4] w2) { y = MatMul(x, w) w2 = Relu(w) }",
           {{"w", {6, 4}}}),
      "also used by Relu");
  check_reason(load("g (float[m, 4] x) => (float[m, 4] z) { y = MatMul(x, w) t = Transpose(w) z = "
                    "MatMul(y, t) }",
                    {{"w", {4, 4}}}),
               "different orientations");
  check_reason(load(R"(g (float[m, 6] x) => (float[m, 4] y) {
    s = Constant <value = int64[2] {6, 4}> ()
    t = Transpose <perm = [1, 0, 2]> (w) v = Reshape(t, s) y = MatMul(x, v) })",
                    {{"w", {3, 2, 4}}}),
               "not a view");
  check_reason(load("g (float[6, m] x) => (float[6, m] y) { y = Gemm(w, x) }", {{"w", {6, 6}}}),
               "activation side");
}

TEST_CASE("a weight shared by nodes is one weight", "[io]") {
  const auto model =
      load("g (float[m, 4] x) => (float[m, 4] z) { y = MatMul(x, w) z = MatMul(y, w) }",
           {{"w", {4, 4}}});
  check_one(model, 4, 4, false);
  CHECK(model.weights()[0].nodes.size() == 2);
}

TEST_CASE("weights of subgraphs and functions are listed with their place", "[io]") {
  const auto inside = load(R"(g (bool c, float[m, 4] x) => (float[m, 4] y) {
    y = If (c) <
      then_branch = t () => (float[m, 4] a) { a = MatMul(x, w) },
      else_branch = e () => (float[m, 4] b) { b = Identity(x) }
    > })",
                           {{"w", {4, 4}}});
  check_reason(inside, "inside a subgraph of If");
  auto text = header() + "g (float[m, 2] x) => (float[m, 2] y) { y = local.F(x) }\n" +
              R"(<opset_import: ["" : 17], domain: "local"> F (x) => (y) {
    w = Constant <value = float[2, 2] {1, 2, 3, 4}> ()
    y = MatMul(x, w) })";
  text.replace(text.find("]>"), 2, ", \"local\" : 1]>");
  auto model = parse_model(text);
  const test::TempDir folder;
  test::save(model, folder / "m.onnx");
  check_reason(io::load_onnx(folder / "m.onnx"), "inside the model-local function 'F'");
}

TEST_CASE("a model newer than the linked onnx is read with a warning", "[io]") {
  auto model = parse_model(test::header(17, 99) +
                           "g (float[m, 6] x) => (float[m, 4] y) { y = MatMul(x, w) }");
  model.mutable_opset_import(0)->set_version(99);
  add_weight(model, "w", {6, 4}, DType::kF32, 1);
  const test::TempDir folder;
  test::save(model, folder / "m.onnx");
  const auto loaded = io::load_onnx(folder / "m.onnx");
  CHECK(loaded.weights()[0].prunable);
  CHECK(loaded.warnings().size() == 1);
}

}  // namespace
}  // namespace tvw
