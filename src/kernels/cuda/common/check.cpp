#include "kernels/cuda/common/check.hpp"

#include <cstdlib>
#include <string>
#include <string_view>

#include "tvw/core/error.hpp"

namespace tvw::kernels::cuda {
namespace {

/// "cudaMalloc(&p, n)" -> "cudaMalloc".
std::string_view function_of(std::string_view call) { return call.substr(0, call.find('(')); }

/// A failure that a test asks for.
class Injection {
 public:
  Injection() {
    const char* asked = std::getenv("TVW_CUDA_FAIL");
    if (asked == nullptr) return;
    const std::string text = asked;
    const size_t first = text.find(':');
    const size_t second = text.find(':', first == std::string::npos ? first : first + 1);
    if (second == std::string::npos) return;
    function_ = text.substr(0, first);
    remaining_ = std::atoi(text.c_str() + first + 1);
    error_ = std::atoi(text.c_str() + second + 1);
  }

  /// The error to pretend, or `real`.
  int64_t apply(int64_t real, std::string_view call) {
    if (remaining_ == 0 || function_of(call) != function_) return real;
    return --remaining_ == 0 ? error_ : real;
  }

 private:
  std::string function_;
  int remaining_ = 0;
  int error_ = 0;
};

Injection& injection() {
  static Injection instance;
  return instance;
}

[[noreturn]] void fail(const std::string& who, std::string_view call, const std::string& text,
                       int64_t code) {
  throw Error(ErrorCode::kUnsupported, who + ": " + std::string(function_of(call)) + " failed: " +
                                           text + " (error " + std::to_string(code) + ")");
}

}  // namespace

void check(cudaError_t error, const char* call) {
  const auto seen = static_cast<cudaError_t>(injection().apply(error, call));
  if (seen == cudaSuccess) return;
  (void)cudaGetLastError();  // or the next launch would report it again
  fail("CUDA", call, cudaGetErrorString(seen), seen);
}

void check_status(int64_t status, const char* library, const char* call, const char* text) {
  const int64_t seen = injection().apply(status, call);
  if (seen != 0) fail(library, call, text != nullptr ? text : "status", seen);
}

void check_launch(const char* kernel) {
  const cudaError_t error = cudaGetLastError();
  if (error != cudaSuccess) check(error, kernel);
}

}  // namespace tvw::kernels::cuda
