/// @file What the machine can do at best, measured by the tool itself, and the bound that follows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "tvw/core/dtype.hpp"
#include "tvw/kernels/device.hpp"

namespace tvw::bench {

using kernels::Peaks;

/// Multiply-adds in registers, and the device's memory, more than the caches hold, copied or read,
/// on `threads` threads; the best of several trials, about half a second. In f32; for kBF16 in bf16
/// where the processor has that.
[[nodiscard]] Peaks measure_cpu_peaks(kernels::Device& device, DType dtype, int threads);

/// CPU: measured once and kept in `cache_file`, keyed by processor, instruction set, threads and
/// dtype. A file that cannot be read or written only costs the measurement. Other devices measure
/// their own, Device::peaks(). nullopt where nothing is known, e.g. a dtype the CPU does not
/// compute in.
[[nodiscard]] std::optional<Peaks> find_peaks(kernels::Device& device, DType dtype, int threads,
                                              const std::filesystem::path& cache_file);

/// For when something ran faster than the peaks allow: they were measured on a busy machine.
/// Measures again and keeps the larger of old and new, also in the file. As find_peaks for other
/// devices.
[[nodiscard]] std::optional<Peaks> raise_peaks(kernels::Device& device, DType dtype, int threads,
                                               const std::filesystem::path& cache_file);

/// $XDG_CACHE_HOME/tvw/peaks.json, else ~/.cache/tvw/peaks.json; empty if there is neither.
[[nodiscard]] std::filesystem::path default_peaks_file();

/// max(flops / peak, bytes / bandwidth) in microseconds; pure. Hot operands that fit the last-level
/// cache do not come from memory, so there only the flops bound.
[[nodiscard]] double roofline_us(const Peaks& peaks, double flops, int64_t bytes, bool hot);

}  // namespace tvw::bench
