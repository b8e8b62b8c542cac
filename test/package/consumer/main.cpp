// Somebody else's program.
#include "tvw/core/pattern_spec.hpp"
#include "tvw/kernels/registry.hpp"

int main() {
  const auto spec = tvw::parse_pattern("tvw:g=32");
  return spec.granularity == 32 && !tvw::kernels::Registry::discover().executors().empty() ? 0 : 1;
}
