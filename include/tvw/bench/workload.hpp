/// @file GEMM shapes of known models, as data: configs/workloads/*.txt, also built into the
/// program.
///
/// One layer per line, `M N K count layer`; `#` starts a comment, also behind a layer. M is a
/// number of rows for one input (pixels of one image), which is multiplied by the batch, or `*`:
/// rows are tokens, and the request says how many.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tvw::bench {

struct WorkloadLayer {
  std::optional<int64_t> M;  ///< rows per input; nullopt is `*`
  int64_t N = 0;
  int64_t K = 0;
  int64_t count = 1;
  std::string name;
};

struct Workload {
  std::string name;
  std::vector<WorkloadLayer> layers;  ///< at least one
};

/// @throws Error kBadFile "bert.txt:3: got 'x', expected a number (M N K count layer)"
[[nodiscard]] Workload parse_workload(std::string_view text, std::string_view name,
                                      std::string_view origin);

/// Names of the workloads built in, sorted.
[[nodiscard]] std::vector<std::string> workload_names();

/// A built-in name, or the path of a file (anything with a '/' or a '.', or that exists).
/// @throws Error kUsage unknown name (nearest one named), kIo, kBadFile
[[nodiscard]] Workload load_workload(const std::string& name_or_path);

}  // namespace tvw::bench
