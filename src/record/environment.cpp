#include "tvw/record/environment.hpp"

#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>

#include "tvw/core/parallel.hpp"
#include "tvw/core/text.hpp"
#include "tvw/core/version.hpp"

namespace tvw::record {
namespace {

std::string trimmed(std::string text) {
  const auto first = text.find_first_not_of(" \t\r\n\"");
  if (first == std::string::npos) return {};
  const auto last = text.find_last_not_of(" \t\r\n\"");
  return text.substr(first, last - first + 1);
}

std::string first_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return trimmed(line);
}

/// The text behind the first line "KEY<separator>..." of a file.
std::string value_of(const std::filesystem::path& path, const std::string& key, char separator) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const auto at = line.find(separator);
    if (at != std::string::npos && trimmed(line.substr(0, at)) == key) {
      return trimmed(line.substr(at + 1));
    }
  }
  return {};
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), length};
}

int allowed_cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return 0;
  const std::filesystem::path cpus = "/sys/devices/system/cpu";
  std::set<std::string> cores;  // hyper-threads of one core share package and core id
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    const auto topology = cpus / ("cpu" + std::to_string(cpu)) / "topology";
    const std::string core = first_line(topology / "core_id");
    if (core.empty()) return CPU_COUNT(&allowed);
    cores.insert(first_line(topology / "physical_package_id") + "/" + core);
  }
  return static_cast<int>(cores.size());
}

std::vector<CpuCache> cpu_caches() {
  std::vector<CpuCache> caches;
  const std::filesystem::path folder = "/sys/devices/system/cpu/cpu0/cache";
  for (int i = 0; i < 8; ++i) {
    const auto entry = folder / ("index" + std::to_string(i));
    const std::string level = first_line(entry / "level");
    std::string size = first_line(entry / "size");  // "32768K"
    if (level.empty() || size.empty()) continue;
    int64_t unit = 1;
    if (size.back() == 'K') unit = 1024;
    if (size.back() == 'M') unit = 1024 * 1024;
    if (unit != 1) size.pop_back();
    const auto number = parse_int(size);
    if (!number || *number <= 0 || *number > (int64_t{1} << 32)) continue;
    const std::string type = first_line(entry / "type");
    const std::string suffix = type == "Data" ? "d" : type == "Instruction" ? "i" : "";
    caches.push_back({"L" + level + suffix, *number * unit});
  }
  return caches;
}

std::string compiler() {
#if defined(__clang__)
  return std::string("clang ") + __clang_version__;
#elif defined(__GNUC__)
  return std::string("gcc ") + __VERSION__;
#else
  return {};
#endif
}

int64_t memory_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_bytes = sysconf(_SC_PAGESIZE);
  return pages > 0 && page_bytes > 0 ? int64_t{pages} * page_bytes : 0;
}

}  // namespace

Environment collect_environment(NamedValues libraries) {
  Environment environment;
  environment.tool_version = version();
  environment.time_utc = utc_now();
  environment.cpu_model = value_of("/proc/cpuinfo", "model name", ':');
  environment.cores = allowed_cores();
  environment.threads = thread_count();
  environment.caches = cpu_caches();
  environment.memory_bytes = memory_bytes();
  environment.os = value_of("/etc/os-release", "PRETTY_NAME", '=');
  utsname names{};
  if (uname(&names) == 0) {
    environment.kernel = std::string(names.sysname) + " " + names.release + " " + names.machine;
  }
  environment.compiler = compiler();
  environment.libraries = std::move(libraries);
  return environment;
}

int64_t last_level_cache_bytes(const Environment& environment) {
  int64_t largest = 0;
  for (const CpuCache& cache : environment.caches) largest = std::max(largest, cache.size_bytes);
  return largest;
}

}  // namespace tvw::record
