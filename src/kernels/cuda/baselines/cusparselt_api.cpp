#include "kernels/cuda/baselines/cusparselt_api.hpp"

#include <dlfcn.h>

namespace tvw::kernels::cuda::lt {
namespace {

Api open() {
  Api api;
  void* library = dlopen("libcusparseLt.so.0", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    api.missing = "libcusparseLt.so.0 was not found (LD_LIBRARY_PATH may name its folder)";
    return api;
  }
  const auto find = [&](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    if (function == nullptr) api.missing = std::string("libcusparseLt.so.0 has no ") + name;
  };
  find(api.init, "cusparseLtInit");
  find(api.dense_init, "cusparseLtDenseDescriptorInit");
  find(api.structured_init, "cusparseLtStructuredDescriptorInit");
  find(api.matrix_destroy, "cusparseLtMatDescriptorDestroy");
  find(api.matmul_init, "cusparseLtMatmulDescriptorInit");
  find(api.selection_init, "cusparseLtMatmulAlgSelectionInit");
  find(api.plan_init, "cusparseLtMatmulPlanInit");
  find(api.plan_destroy, "cusparseLtMatmulPlanDestroy");
  find(api.workspace, "cusparseLtMatmulGetWorkspace");
  find(api.compressed_size, "cusparseLtSpMMACompressedSize");
  find(api.compress, "cusparseLtSpMMACompress");
  find(api.search, "cusparseLtMatmulSearch");
  find(api.multiply, "cusparseLtMatmul");
  return api;
}

}  // namespace

const Api& api() {
  static const Api instance = open();
  return instance;
}

}  // namespace tvw::kernels::cuda::lt
