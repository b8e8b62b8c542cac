/// @file What a module (libtvw_cuda.so) hands to the program that loads it.
///
/// The module exports one C function, `tvw_module_entry`, of type ModuleEntry. Program and module
/// come from the same build: `abi` guards against mixing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tvw/kernels/executor.hpp"

namespace tvw::kernels {

/// Raise when any type in executor.hpp, device.hpp or this file changes.
inline constexpr int kModuleAbi = 5;

/// Filled by the module. Executors have static storage in the module, which is never unloaded.
struct ModuleContents {
  std::string detail;  ///< "CUDA 13.0, driver 580.1", or why there is no device
  std::vector<const Executor*> executors;
  std::vector<std::shared_ptr<Device>> devices;  ///< may be empty: no driver, no supported GPU
};

/// Returns false if it was built for another ABI. Must not throw.
using ModuleEntry = bool (*)(int abi, ModuleContents& contents);

}  // namespace tvw::kernels
