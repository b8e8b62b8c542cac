/// @file The part of cuSPARSELt's C interface that is used, opened at run time
/// (libcusparseLt.so.0).
///
/// The library's objects are opaque bytes that the caller provides; theirs are 512 bytes up to
/// version 0.7 and 1024 for the handle before, so all get 2048.
#pragma once

#include <library_types.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace tvw::kernels::cuda::lt {

struct alignas(16) Opaque {
  uint8_t data[2048];
};

// Values as in the library's header (documentation, "cuSPARSELt Data Types").
inline constexpr int kOrderColumn = 1;
inline constexpr int kOrderRow = 2;
inline constexpr int kSparsity50 = 0;
inline constexpr int kNonTranspose = 0;
inline constexpr int kCompute32F = 2;
inline constexpr int kAlgorithmDefault = 0;

/// Functions; null where the library lacks one.
struct Api {
  int (*init)(Opaque* handle) = nullptr;
  int (*dense_init)(const Opaque*, Opaque* matrix, int64_t rows, int64_t cols, int64_t ld,
                    uint32_t alignment, cudaDataType type, int order) = nullptr;
  int (*structured_init)(const Opaque*, Opaque* matrix, int64_t rows, int64_t cols, int64_t ld,
                         uint32_t alignment, cudaDataType type, int order, int sparsity) = nullptr;
  int (*matrix_destroy)(const Opaque*) = nullptr;
  int (*matmul_init)(const Opaque*, Opaque* matmul, int op_a, int op_b, const Opaque* a,
                     const Opaque* b, const Opaque* c, const Opaque* d, int compute) = nullptr;
  int (*selection_init)(const Opaque*, Opaque* selection, const Opaque* matmul,
                        int algorithm) = nullptr;
  int (*plan_init)(const Opaque*, Opaque* plan, const Opaque* matmul,
                   const Opaque* selection) = nullptr;
  int (*plan_destroy)(const Opaque*) = nullptr;
  int (*workspace)(const Opaque*, const Opaque* plan, size_t* bytes) = nullptr;
  int (*compressed_size)(const Opaque*, const Opaque* plan, size_t* bytes,
                         size_t* buffer_bytes) = nullptr;
  int (*compress)(const Opaque*, const Opaque* plan, const void* dense, void* compressed,
                  void* buffer, void* stream) = nullptr;
  int (*search)(const Opaque*, Opaque* plan, const void* alpha, const void* a, const void* b,
                const void* beta, const void* c, void* d, void* workspace, void* streams,
                int32_t stream_count) = nullptr;
  int (*multiply)(const Opaque*, const Opaque* plan, const void* alpha, const void* a,
                  const void* b, const void* beta, const void* c, void* d, void* workspace,
                  void* streams, int32_t stream_count) = nullptr;

  std::string missing;  ///< why it cannot be used; empty if it can
};

/// Opened once.
[[nodiscard]] const Api& api();

}  // namespace tvw::kernels::cuda::lt
