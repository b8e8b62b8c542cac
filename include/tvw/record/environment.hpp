/// @file Where and with what a run was made: the block that every record carries.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tvw::record {

/// Facts as text, in a stated order: ("oneDNN", "2.7.2").
using NamedValues = std::vector<std::pair<std::string, std::string>>;

struct CpuCache {
  std::string name;  ///< "L1d", "L2", "L3"
  int64_t size_bytes = 0;
};

struct DeviceFacts {
  std::string id;          ///< "cpu", "cuda:0"
  std::string name;        ///< "NVIDIA H200"
  NamedValues properties;  ///< what the device says of itself
};

/// Empty texts and zeros stand for "could not be found out".
struct Environment {
  std::string tool_version;
  std::string time_utc;  ///< "2026-01-31T12:34:56Z"
  std::string cpu_model;
  int cores = 0;    ///< physical cores that this process may use, as far as known
  int threads = 0;  ///< threads that kernels used
  std::vector<CpuCache> caches;
  int64_t memory_bytes = 0;
  std::string os;         ///< "Debian GNU/Linux 12 (bookworm)"
  std::string kernel;     ///< "Linux 6.1.0 x86_64"
  std::string compiler;   ///< "gcc 12.2.0"
  NamedValues libraries;  ///< handed in by the caller, who knows what was linked
  std::vector<DeviceFacts> devices;
};

/// Asks the operating system. Never throws for a fact that cannot be read.
[[nodiscard]] Environment collect_environment(NamedValues libraries = {});

/// Size of the largest CPU cache that was found; 0 if none was.
[[nodiscard]] int64_t last_level_cache_bytes(const Environment& environment);

}  // namespace tvw::record
