// Files of every format version that was released are read for ever. They were made by
// formats/make.py.
#include <filesystem>
#include <map>
#include <string>

#include "support/catch.hpp"
#include "tvw/io/packed_model.hpp"

namespace tvw {
namespace {

const std::filesystem::path kFormats = std::filesystem::path(TVW_TEST_SOURCE) / "io" / "formats";

std::map<std::string, DenseMatrix> weights_of(const std::filesystem::path& dense_model) {
  const io::OnnxModel model = io::load_onnx(dense_model);
  std::map<std::string, DenseMatrix> weights;
  for (size_t i = 0; i < model.weights().size(); ++i) {
    weights[model.weights()[i].name] = model.read_weight(i);
  }
  return weights;
}

TEST_CASE("files of format 1.0 are read", "[io]") {
  // later: tw with the keys that a 1.7 might add.
  for (const char* name : {"tvw", "tvw-1of4", "tw", "nm", "block-ell", "csr", "later"}) {
    CAPTURE(name);
    const std::filesystem::path folder = kFormats / "1.0";
    const auto expected = weights_of(folder / (std::string(name) + ".masked.onnx"));
    const auto packed = io::load_packed(io::load_onnx(folder / (std::string(name) + ".tvw.onnx")));
    REQUIRE(packed.size() == 3);
    for (const io::LoadedWeight& weight : packed) {
      CAPTURE(weight.name);
      CHECK(pack::unpack(weight.packed) == expected.at(weight.name));
    }
    CHECK(io::verify_against(packed, io::load_onnx(folder / "source.onnx")) == 3);
  }
}

}  // namespace
}  // namespace tvw
