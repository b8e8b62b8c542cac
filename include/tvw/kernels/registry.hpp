/// @file The executors and devices there are: those built in (CPU) and those of modules loaded at
/// run time (CUDA).
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tvw/kernels/executor.hpp"

namespace tvw::kernels {

/// What a module found, or why it is not there.
struct ModuleStatus {
  std::string name;  ///< "cuda"
  bool loaded = false;
  std::string detail;  ///< version and path, or the reason in one sentence
};

/// Executors in the order in which records and lists have them. Device `auto` is the first GPU, or
/// the CPU.
class Registry {
 public:
  /// CPU executors, then those of every module that can be loaded: `libtvw_<name>.so` beside the
  /// program, in ../lib/tvw, or in the folder that TVW_MODULE_DIR names. Never throws for a module
  /// that cannot be loaded: modules() says why.
  static Registry discover();

  [[nodiscard]] const std::vector<const Executor*>& executors() const { return executors_; }
  [[nodiscard]] const std::vector<std::shared_ptr<Device>>& devices() const { return devices_; }
  [[nodiscard]] const std::vector<ModuleStatus>& modules() const { return modules_; }

  /// @throws Error kUsage unknown name (nearest known one named), kUnsupported known but not here
  [[nodiscard]] const Executor& executor(std::string_view name) const;
  /// "cpu", "cuda:0", or "auto": the first CUDA device, else the CPU.
  /// @throws Error kUsage unknown name, kUnsupported no such device here, with the module's reason
  [[nodiscard]] Device& device(std::string_view id) const;

 private:
  std::vector<const Executor*> executors_;
  std::vector<std::shared_ptr<Device>> devices_;
  std::vector<ModuleStatus> modules_;
};

}  // namespace tvw::kernels
