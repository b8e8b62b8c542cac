#include "kernels/cpu/isa.hpp"

#include <hwy/highway.h>
#include <hwy/targets.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <dnnl.hpp>
#include <optional>
#include <span>

#if HWY_ARCH_X86_64 && defined(__linux__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "tvw/core/error.hpp"
#include "tvw/core/text.hpp"

namespace tvw::kernels {
namespace {

constexpr std::array kBestFirst{CpuIsa::kAmxBf16, CpuIsa::kAvx512Bf16, CpuIsa::kAvx512,
                                CpuIsa::kAvx2,    CpuIsa::kSse4,       CpuIsa::kBaseline};

#if HWY_ARCH_X86_64 && defined(__linux__)
/// Linux gives a process the registers of AMX only if it asks for them, threads to come included.
bool may_use_amx() {
  constexpr long kAskForState = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, of asm/prctl.h
  return syscall(SYS_arch_prctl, kAskForState, kTileData) == 0;
}

/// Of CPUID, as not every compiler knows the features by name: register EDX of leaf 7.
bool has_features(unsigned bits) {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx & bits) == bits;
}

bool has_amx_bf16() {
  constexpr unsigned kAmxBf16Bit = 1u << 22, kAmxTileBit = 1u << 24;
  return has_features(kAmxBf16Bit | kAmxTileBit);
}

bool is_intel() { return __builtin_cpu_is("intel") != 0; }

/// Since Golden Cove, for servers: no core before it has AVX512_FP16. Asked once: in a virtual
/// machine that takes 24 us.
bool is_golden_cove() {
  constexpr unsigned kFp16Bit = 1u << 23;
  static const bool kIs = is_intel() && has_features(kFp16Bit);
  return kIs;
}

/// Whether there is what Highway has no target for.
bool has_extension(CpuIsa isa) {
  if (isa == CpuIsa::kAvx512Bf16) return __builtin_cpu_supports("avx512bf16") != 0;
  if (isa != CpuIsa::kAmxBf16) return true;
  return has_extension(CpuIsa::kAvx512Bf16) && has_amx_bf16() && may_use_amx();
}
#else
bool is_intel() { return false; }
bool is_golden_cove() { return false; }
bool has_extension(CpuIsa isa) { return isa < CpuIsa::kAvx512Bf16; }
#endif

/// Highway's lowest target that is as good as `isa`; better ones have smaller numbers.
int64_t highway_target(CpuIsa isa) {
  switch (isa) {
    case CpuIsa::kBaseline:
      return HWY_STATIC_TARGET;
    case CpuIsa::kSse4:
      return HWY_SSE4;
    case CpuIsa::kAvx2:
      return HWY_AVX2;
    case CpuIsa::kAvx512:
    case CpuIsa::kAvx512Bf16:
    case CpuIsa::kAmxBf16:
      break;
  }
  return HWY_AVX3;
}

/// Asked before any limit, which Highway's answer would take into account.
const std::vector<CpuIsa>& present() {
  static const std::vector<CpuIsa> kPresent = [] {
    const int64_t targets = hwy::SupportedTargets() | HWY_STATIC_TARGET;
    std::vector<CpuIsa> isas;
    for (const CpuIsa isa : kBestFirst) {
      const bool here = (targets & highway_target(isa)) != 0;
      if (here && has_extension(isa)) isas.push_back(isa);
    }
    return isas;
  }();
  return kPresent;
}

std::atomic<CpuIsa>& in_use() {
  static std::atomic<CpuIsa> isa{present().front()};
  return isa;
}

std::atomic<bool>& is_limited() {
  static std::atomic<bool> limited{false};
  return limited;
}

std::vector<std::string> names(std::span<const CpuIsa> isas) {
  std::vector<std::string> all;
  for (const CpuIsa isa : isas) all.push_back(name(isa));
  return all;
}

std::optional<dnnl::cpu_isa> onednn_isa(CpuIsa isa) {
  switch (isa) {
    case CpuIsa::kBaseline:
      return std::nullopt;
    case CpuIsa::kSse4:
      return dnnl::cpu_isa::sse41;
    case CpuIsa::kAvx2:
      return dnnl::cpu_isa::avx2;
    case CpuIsa::kAvx512:
      return dnnl::cpu_isa::avx512_core_vnni;
    case CpuIsa::kAvx512Bf16:
      return dnnl::cpu_isa::avx512_core_bf16;
    case CpuIsa::kAmxBf16:
      break;
  }
  return dnnl::cpu_isa::all;
}

}  // namespace

std::string name(CpuIsa isa) {
  switch (isa) {
    case CpuIsa::kBaseline: {
      std::string target = hwy::TargetName(HWY_STATIC_TARGET);
      std::ranges::transform(target, target.begin(),
                             [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      return target;
    }
    case CpuIsa::kSse4:
      return "sse4";
    case CpuIsa::kAvx2:
      return "avx2";
    case CpuIsa::kAvx512:
      return "avx512";
    case CpuIsa::kAvx512Bf16:
      return "avx512_bf16";
    case CpuIsa::kAmxBf16:
      break;
  }
  return "amx_bf16";
}

std::vector<CpuIsa> cpu_isas() { return present(); }

CpuIsa cpu_isa() { return in_use(); }

void limit_cpu_isa(CpuIsa best) {
  if (std::ranges::find(present(), best) == present().end()) {
    throw Error(ErrorCode::kUnsupported,
                "this processor has no " + name(best) + ", but: " + join(names(present()), ", "));
  }
  const auto of_onednn = onednn_isa(best);
  if (!of_onednn) {
    throw Error(ErrorCode::kUnsupported, "oneDNN cannot be limited to " + name(best));
  }
  if (dnnl::set_max_cpu_isa(*of_onednn) != dnnl::status::success) {
    throw Error(ErrorCode::kUnsupported,
                "oneDNN is in use already, and cannot be limited to " + name(best) + " any more");
  }
  cpu::limit_own_kernels(best);
}

CpuIsa parse_cpu_isa(std::string_view text) {
  for (const CpuIsa isa : kBestFirst) {
    if (name(isa) == text) return isa;
  }
  std::vector<std::string> useful;
  for (const CpuIsa isa : kBestFirst) {
    if (onednn_isa(isa)) useful.push_back(name(isa));
  }
  throw Error(ErrorCode::kUsage, unknown_name("instruction set", text, useful));
}

namespace cpu {

void limit_own_kernels(CpuIsa best) {
  in_use() = best;
  is_limited() = true;
  hwy::DisableTargets(highway_target(best) - 1);
}

bool multiplies_bf16() {
  // Golden Cove takes vdpbf16ps at half the rate of FMA: 347 GFLOP/s on an Emerald Rapids that has
  // 356 in f32. Cooper Lake is said to take it twice as fast.
  const CpuIsa isa = cpu_isa();
  return isa == CpuIsa::kAmxBf16 ||
         (isa == CpuIsa::kAvx512Bf16 && (!is_golden_cove() || is_limited()));
}

bool shuffles_wide() { return is_intel(); }

bool gathers_fast() { return is_golden_cove(); }

std::string f32_isa_name() { return name(std::min(cpu_isa(), CpuIsa::kAvx512)); }

}  // namespace cpu
}  // namespace tvw::kernels
