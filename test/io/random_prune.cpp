// io_random_prune MODEL PATTERN EMIT OUT [DENSITY]: prunes every prunable weight at random and
// writes it, so that writing is tested apart from choosing. EMIT: packed, packed-inline, masked,
// list. Weights below 16 elements stay. Odd weights get an empty tile.
//   io_random_prune MODEL unpack OUT
//   io_random_prune MODEL widen OUT   the packed model with functions that count positions in 64
//   bits, as for
//                                     weights of 2^31 elements; beside MODEL, whose sidecar it
//                                     reads
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>

#include "io/decode.hpp"
#include "io/model_state.hpp"
#include "support/random_weights.hpp"
#include "tvw/core/error.hpp"
#include "tvw/io/packed_model.hpp"
#include "tvw/io/write_model.hpp"

namespace {

using namespace tvw;  // NOLINT(google-build-using-namespace)

constexpr int64_t kLeastElements = 16;

void list(const io::OnnxModel& model) {
  for (const io::WeightInfo& info : model.weights()) {
    std::cout << info.name << '\t' << info.op << '\t' << info.K << '\t' << info.N << '\t'
              << info.dtype_name << '\t' << (info.prunable ? "prunable" : info.reason) << '\n';
  }
  for (const std::string& warning : model.warnings()) std::cerr << warning << '\n';
}

void widen(const std::string& path, const std::string& out) {
  io::onnx::ModelProto proto = io::load_onnx(path).state().proto;
  for (const io::LoadedWeight& weight : io::load_packed(io::load_onnx(path))) {
    io::Decoder decoder =
        io::decoder_for(weight.packed, weight.pattern, weight.dims, weight.transposed);
    const std::string name = io::function_name(decoder);
    decoder.wide = true;
    for (auto& function : *proto.mutable_functions()) {
      if (function.name() != name) continue;
      function = io::make_function(decoder, io::default_opset(proto));
      function.set_name(name);
    }
  }
  std::ofstream file(out, std::ios::binary);
  proto.SerializeToOstream(&file);
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() == 3 && arguments[1] == "unpack") {
    io::unpack_model(io::load_onnx(arguments[0]), io::output_paths(arguments[2]));
    return 0;
  }
  if (arguments.size() == 3 && arguments[1] == "widen") {
    widen(arguments[0], arguments[2]);
    return 0;
  }
  if (arguments.size() < 4) return 2;
  const PatternSpec spec = parse_pattern(arguments[1]);
  const std::string& emit = arguments[2];
  const double density = arguments.size() > 4 ? std::atof(arguments[4].c_str()) : 0.5;
  io::OnnxModel model = io::load_onnx(arguments[0]);
  if (emit == "list") {
    list(model);
    return 0;
  }
  std::vector<io::PackedWeight> packed;
  std::vector<Selection> selections;
  std::vector<io::MaskedWeight> masked;
  selections.reserve(model.weights().size());
  for (size_t i = 0; i < model.weights().size(); ++i) {
    const io::WeightInfo& info = model.weights()[i];
    if (!info.prunable || info.K * info.N < kLeastElements) continue;
    const auto seed = static_cast<uint32_t>(i);
    selections.push_back(test::random_selection(info.K, info.N, spec, density, seed, i % 2 == 1));
    masked.push_back({i, &selections.back().mask});
    if (emit != "masked") {
      packed.push_back({i, spec, pack::pack(model.read_weight(i), selections.back(), spec)});
    }
  }
  if (masked.empty()) return 4;
  const io::OutputPaths outputs = io::output_paths(arguments[3]);
  io::check_output(model, outputs, true);
  if (emit == "masked") {
    io::write_masked(std::move(model), masked, outputs);
  } else {
    io::write_packed(std::move(model), packed, outputs,
                     emit == "packed" ? io::Decode::kFunctions : io::Decode::kInline);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const Error& error) {
    std::cerr << error.what() << '\n';
    return exit_code(error.code());
  }
}
