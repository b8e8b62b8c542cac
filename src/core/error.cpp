#include "tvw/core/error.hpp"

namespace tvw {

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
      return 2;
    case ErrorCode::kVerificationFailed:
      return 3;
    case ErrorCode::kNothingToDo:
    case ErrorCode::kUnsupported:
      return 4;
    case ErrorCode::kIo:
    case ErrorCode::kBadFile:
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kPatternMismatch:
    case ErrorCode::kNonFinite:
      return 1;
  }
  return 1;
}

}  // namespace tvw
