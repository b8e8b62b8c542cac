#include "tvw/bench/request.hpp"

#include <array>
#include <span>

#include "tvw/core/error.hpp"
#include "tvw/core/text.hpp"

namespace tvw::bench {

std::string_view name(CacheState cache) { return cache == CacheState::kHot ? "hot" : "cold"; }

std::vector<CacheState> parse_cache_states(std::string_view text) {
  if (text == "hot") return {CacheState::kHot};
  if (text == "cold") return {CacheState::kCold};
  if (text == "both") return {CacheState::kHot, CacheState::kCold};
  const std::array<std::string, 3> known = {"hot", "cold", "both"};
  throw Error(ErrorCode::kUsage, unknown_name("cache state", text, known));
}

std::vector<kernels::Layout> parse_layouts(std::string_view text) {
  using kernels::Layout;
  if (text == "token") return {Layout::kTokenMajor};
  if (text == "feature") return {Layout::kFeatureMajor};
  if (text == "both") return {Layout::kTokenMajor, Layout::kFeatureMajor};
  const std::array<std::string, 3> known = {"token", "feature", "both"};
  throw Error(ErrorCode::kUsage, unknown_name("layout", text, known));
}

EpilogueChoice parse_epilogue(std::string_view text) {
  using kernels::Activation;
  constexpr std::array kAll = {Activation::kNone, Activation::kRelu, Activation::kGeluErf,
                               Activation::kGeluTanh};
  constexpr std::array<float, 1> kBias = {};
  std::vector<std::string> known;
  for (const bool add_to_c : {false, true}) {
    for (const bool bias : {false, true}) {
      for (const Activation activation : kAll) {
        const kernels::Epilogue epilogue{std::span(kBias).first(bias ? 1 : 0), activation,
                                         add_to_c};
        known.push_back(kernels::name(epilogue));
        if (known.back() == text) return {bias, add_to_c, activation};
      }
    }
  }
  throw Error(ErrorCode::kUsage, unknown_name("epilogue", text, known));
}

std::vector<PatternSpec> default_baselines(kernels::DeviceKind device) {
  // cuSPARSE's Blocked-ELL likes another block size for every shape: the best one counts.
  const bool gpu = device == kernels::DeviceKind::kCuda;
  return parse_patterns(gpu ? "block:b=16,block:b=32,block:b=64,block:b=128,csr" : "block,csr");
}

PatternSpec default_pattern(kernels::DeviceKind device) {
  PatternSpec spec;
  if (device == kernels::DeviceKind::kCuda) spec.granularity = 256;
  return spec;
}

std::vector<PatternSpec> parse_subjects(std::string_view text, const PatternSpec& defaults) {
  std::string others;
  bool dense = false;
  for (const std::string& word : split(text, ',')) {
    if (word == "dense") {
      dense = true;
      continue;
    }
    if (!others.empty()) others += ',';
    others += word;
  }
  if (others.empty() && dense) return {};
  return parse_patterns(others, defaults);
}

std::vector<PatternSpec> parse_baselines(std::string_view text, const PatternSpec& defaults) {
  if (text == "none") return {};
  return parse_subjects(text, defaults);
}

}  // namespace tvw::bench
