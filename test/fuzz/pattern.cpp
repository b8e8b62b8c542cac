// Pattern specs as flags, recipes and sidecars state them.
#include "fuzz/fuzz.hpp"
#include "tvw/core/pattern_spec.hpp"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = tvw::fuzz::as_text(data, size);
  tvw::fuzz::allow_errors([&] {
    const tvw::PatternSpec spec = tvw::parse_pattern(text);
    tvw::fuzz::require(tvw::parse_pattern(tvw::to_string(spec)) == spec);
    static_cast<void>(tvw::effective_target(spec, tvw::Sparsity(0.5)));
  });
  tvw::fuzz::allow_errors([&] { static_cast<void>(tvw::parse_patterns(text)); });
  return 0;
}
