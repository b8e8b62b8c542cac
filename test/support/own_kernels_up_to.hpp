/// @file A limit to the instruction set for the length of a scope.
#pragma once

#include "kernels/cpu/isa.hpp"

namespace tvw::test {

/// oneDNN stays as it is.
class OwnKernelsUpTo {
 public:
  explicit OwnKernelsUpTo(kernels::CpuIsa isa) { kernels::cpu::limit_own_kernels(isa); }
  ~OwnKernelsUpTo() { kernels::cpu::limit_own_kernels(kernels::cpu_isas().front()); }
  OwnKernelsUpTo(const OwnKernelsUpTo&) = delete;
  OwnKernelsUpTo& operator=(const OwnKernelsUpTo&) = delete;
};

}  // namespace tvw::test
