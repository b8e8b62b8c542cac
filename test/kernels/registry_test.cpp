// Names, devices, and modules that are loaded at run time.
#include "tvw/kernels/registry.hpp"

#include <cstdlib>
#include <fstream>

#include "support/catch.hpp"
#include "support/temp_dir.hpp"
#include "tvw/core/error.hpp"

namespace tvw {
namespace {

kernels::Registry discover_in(const std::filesystem::path& folder) {
  setenv("TVW_MODULE_DIR", folder.c_str(), 1);
  kernels::Registry registry = kernels::Registry::discover();
  unsetenv("TVW_MODULE_DIR");
  return registry;
}

TEST_CASE("unknown names are usage errors with the nearest known one", "[kernels]") {
  const kernels::Registry registry = kernels::Registry::discover();
  CHECK(registry.executor("cpu.tvw.simd").format() == "tvw");
  CHECK_THROWS_WITH(registry.executor("cpu.tvw.smd"),
                    Catch::Contains("did you mean 'cpu.tvw.simd'"));
  CHECK(registry.device("cpu").id() == "cpu");
  CHECK_THROWS_AS(registry.device("gpu"), Error);
}

TEST_CASE("a module's executors join the list", "[kernels]") {
  const test::TempDir folder;
  std::filesystem::copy_file(TVW_TOY_MODULE, folder / "libtvw_cuda.so");
  const kernels::Registry registry = discover_in(folder.path());
  REQUIRE(registry.modules().size() == 1);
  CHECK(registry.modules()[0].loaded);
  CHECK_THAT(registry.modules()[0].detail, Catch::Contains("a toy"));
  CHECK(registry.executor("cuda.toy").device() == kernels::DeviceKind::kCuda);
  // It brought no device, so none can be asked for.
  CHECK_THROWS_WITH(registry.device("cuda:0"), Catch::Contains("a toy"));
}

TEST_CASE("a module that cannot be loaded says why and hurts nobody", "[kernels]") {
  const test::TempDir folder;
  const kernels::Registry missing = discover_in(folder.path());
  CHECK_FALSE(missing.modules()[0].loaded);
  CHECK_THAT(missing.modules()[0].detail, Catch::Contains("was not found"));
  CHECK_THROWS_WITH(missing.device("cuda:0"), Catch::Contains("was not found"));
  CHECK_THROWS_WITH(missing.executor("cuda.tvw.sm90"), Catch::Contains("was not found"));

  std::ofstream(folder / "libtvw_cuda.so") << "not a library";
  CHECK_THAT(discover_in(folder.path()).modules()[0].detail, Catch::Contains("cannot be opened"));

  std::filesystem::remove(folder / "libtvw_cuda.so");
  std::filesystem::copy_file(TVW_OLD_MODULE, folder / "libtvw_cuda.so");
  CHECK_THAT(discover_in(folder.path()).modules()[0].detail, Catch::Contains("another version"));
}

}  // namespace
}  // namespace tvw
