#include "tvw/kernels/registry.hpp"

#include "kernels/cpu/cpu_device.hpp"
#include "kernels/cpu/executors.hpp"
#include "kernels/module_loader.hpp"
#include "tvw/core/error.hpp"
#include "tvw/core/text.hpp"

namespace tvw::kernels {
namespace {

constexpr const char* kModules[] = {"cuda"};

/// The one list of built-in executors. Order is preference. Explicit on purpose: a linker may drop
/// self-registering objects of a static library.
std::vector<const Executor*> built_in() {
  return {&cpu::tvw_simd(), &cpu::tw_simd(),      &cpu::nm_simd(),    &cpu::block_simd(),
          &cpu::csr_simd(), &cpu::dense_onednn(), &cpu::dense_simd(), &cpu::reference()};
}

std::string reasons(const std::vector<ModuleStatus>& modules) {
  std::string text;
  for (const ModuleStatus& module : modules) {
    text += (text.empty() ? "" : "; ") + ("module " + module.name + ": " + module.detail);
  }
  return text;
}

}  // namespace

Registry Registry::discover() {
  Registry registry;
  registry.executors_ = built_in();
  registry.devices_.push_back(cpu::make_device());
  for (const char* name : kModules) {
    ModuleContents contents;
    registry.modules_.push_back(load_module(name, contents));
    if (!registry.modules_.back().loaded) continue;
    registry.executors_.insert(registry.executors_.end(), contents.executors.begin(),
                               contents.executors.end());
    registry.devices_.insert(registry.devices_.end(), contents.devices.begin(),
                             contents.devices.end());
  }
  return registry;
}

const Executor& Registry::executor(std::string_view name) const {
  std::vector<std::string> known;
  for (const Executor* candidate : executors_) {
    if (candidate->name() == name) return *candidate;
    known.emplace_back(candidate->name());
  }
  if (name.rfind("cuda.", 0) == 0) {
    throw Error(ErrorCode::kUnsupported,
                "executor '" + std::string(name) + "' is not here: " + reasons(modules_));
  }
  throw Error(ErrorCode::kUsage, unknown_name("executor", name, known));
}

Device& Registry::device(std::string_view id) const {
  if (id == "auto") {
    for (const auto& candidate : devices_) {
      if (candidate->kind() == DeviceKind::kCuda) return *candidate;
    }
    return *devices_.front();
  }
  std::vector<std::string> known{"auto"};
  for (const auto& candidate : devices_) {
    if (candidate->id() == id) return *candidate;
    known.push_back(candidate->id());
  }
  if (id.rfind("cuda", 0) == 0) {
    throw Error(ErrorCode::kUnsupported,
                "device '" + std::string(id) + "' is not here: " + reasons(modules_));
  }
  throw Error(ErrorCode::kUsage, unknown_name("device", id, known));
}

}  // namespace tvw::kernels
