#include <limits>

#include "io/external_data.hpp"
#include "io/find_tensor.hpp"
#include "io/model_state.hpp"
#include "io/stored_order.hpp"
#include "io/tensor.hpp"
#include "io/write_files.hpp"
#include "tvw/io/write_model.hpp"

namespace tvw::io {
namespace {

template <class Word>
void clear_dropped(const Mask& mask, DenseMatrix& dense) {
  Word* words = dense.values.words<Word>();
  for (int64_t k = 0; k < dense.K; ++k) {
    for (int64_t n = 0; n < dense.N; ++n) {
      Word& word = words[k * dense.N + n];
      // Kept or not, a zero has one form, as in the packed model.
      const bool zero = static_cast<Word>(word << 1) == 0;
      if (zero || !mask.kept(k, n)) word = 0;
    }
  }
}

void set_inline(onnx::TensorProto& tensor, const TypedBuffer& values) {
  clear_data(tensor);
  tensor.set_raw_data(values.bytes().data(), values.bytes().size());
}

}  // namespace

std::vector<std::filesystem::path> write_masked(OnnxModel model,
                                                const std::vector<MaskedWeight>& weights,
                                                const OutputPaths& outputs, OutputSet& files) {
  OnnxModel::State& state = model.state();
  for (const MaskedWeight& weight : weights) {
    const WeightInfo& info = model.weights().at(weight.weight);
    DenseMatrix dense = model.read_weight(weight.weight);
    if (size_bytes(info.dtype) == 4) {
      clear_dropped<uint32_t>(*weight.mask, dense);
    } else {
      clear_dropped<uint16_t>(*weight.mask, dense);
    }
    set_inline(*find_tensor(state.proto, info.name), to_stored(std::move(dense), info.transposed));
  }
  bool any_external = false;
  for (const onnx::TensorProto* tensor : stored_tensors(state.proto.graph())) {
    any_external = any_external || is_external(*tensor);
  }
  const bool too_large =
      state.proto.ByteSizeLong() > static_cast<size_t>(std::numeric_limits<int>::max());
  DataMover mover(state.path.parent_path());
  mover.add_all(state.proto, any_external || too_large);
  return write_files(state.proto, mover, {}, outputs, files);
}

void write_masked(OnnxModel model, const std::vector<MaskedWeight>& weights,
                  const OutputPaths& outputs) {
  OutputSet files;
  static_cast<void>(write_masked(std::move(model), weights, outputs, files));
  files.commit();
}

}  // namespace tvw::io
