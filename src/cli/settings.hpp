/// @file What every subcommand shares: options of `tvw` itself.
#pragma once

#include <string>
#include <vector>

namespace tvw::cli {

struct Settings {
  bool quiet = false;
  bool verbose = false;
  int threads = 0;                ///< 0 = as many as there are cores
  std::string isa;                ///< best instruction set of the CPU; empty = what there is
  std::vector<std::string> argv;  ///< as called, for records
};

}  // namespace tvw::cli
