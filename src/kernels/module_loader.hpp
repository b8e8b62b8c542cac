/// @file Finds and opens libtvw_<name>.so.
#pragma once

#include <string>

#include "tvw/kernels/module.hpp"
#include "tvw/kernels/registry.hpp"

namespace tvw::kernels {

/// Looks in $TVW_MODULE_DIR, beside the program and in ../lib/tvw. What is opened stays open.
[[nodiscard]] ModuleStatus load_module(const std::string& name, ModuleContents& contents);

}  // namespace tvw::kernels
