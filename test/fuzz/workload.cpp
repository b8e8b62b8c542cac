// Workload files of the user's own.
#include "tvw/bench/workload.hpp"

#include "fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tvw::fuzz::allow_errors([&] {
    const auto workload =
        tvw::bench::parse_workload(tvw::fuzz::as_text(data, size), "fuzz", "fuzz.txt");
    tvw::fuzz::require(!workload.layers.empty());
  });
  return 0;
}
