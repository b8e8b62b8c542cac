/// @file The one exception type of the program, and the exit code each kind of failure ends in.
#pragma once

#include <stdexcept>
#include <string>

namespace tvw {

/// What went wrong, as a caller may want to tell it apart. The exit codes are part of the command
/// line's contract (README, "Exit codes"): do not change the values exit_code() gives.
enum class ErrorCode {
  kUsage,            ///< the caller asked for something that does not exist or contradicts itself
  kIo,               ///< a file cannot be read, written or replaced
  kBadFile,          ///< a file was read but is not what it should be
  kInvalidArgument,  ///< shapes, sizes or ranges of a library call do not fit
  kPatternMismatch,  ///< a mask is not of the pattern it is said to be
  kNonFinite,        ///< NaN or Inf where a number is needed
  kVerificationFailed,  ///< a result was computed and is wrong
  kNothingToDo,         ///< e.g. no prunable weight
  kUnsupported,         ///< cannot be done on this machine or by this version
};

/// A failure, worded "what, where, got, expected" in one sentence. Thrown by every layer;
/// tools/tvw/main.cpp alone makes an exit code of it, others only add where it was or go on
/// without.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

/// 1 failure, 2 usage, 3 verification failed, 4 nothing to do or not supported here.
[[nodiscard]] int exit_code(ErrorCode code);

}  // namespace tvw
