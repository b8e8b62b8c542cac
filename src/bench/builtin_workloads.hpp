/// @file The files of configs/workloads, compiled in.
#pragma once

#include <span>
#include <string_view>

namespace tvw::bench {

struct BuiltinWorkload {
  std::string_view name;
  std::string_view text;  ///< of the file
};

[[nodiscard]] std::span<const BuiltinWorkload> builtin_workloads();  ///< sorted by name

}  // namespace tvw::bench
