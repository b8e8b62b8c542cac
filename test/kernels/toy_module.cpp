// A module that brings one executor and no device; TVW_TOY_ABI is what it was "built for".
#include "tvw/kernels/module.hpp"

namespace {

class ToyExecutor final : public tvw::kernels::Executor {
 public:
  std::string_view name() const override { return "cuda.toy"; }
  std::string_view format() const override { return "dense"; }
  tvw::kernels::DeviceKind device() const override { return tvw::kernels::DeviceKind::kCuda; }
  tvw::kernels::Support supports(const tvw::kernels::Problem& /*problem*/) const override {
    return tvw::kernels::Support::no("a toy computes nothing");
  }
  std::unique_ptr<tvw::kernels::Plan> prepare(const tvw::kernels::Problem& /*problem*/,
                                              tvw::kernels::Device& /*device*/) const override {
    return nullptr;
  }
};

}  // namespace

extern "C" __attribute__((visibility("default"))) bool tvw_module_entry(
    int abi, tvw::kernels::ModuleContents& contents) {
  if (abi != TVW_TOY_ABI) return false;
  static const ToyExecutor executor;
  contents.detail = "a toy";
  contents.executors.push_back(&executor);
  return true;
}
