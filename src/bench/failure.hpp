/// @file One contestant's failure, or one measurement's, does not cost the record of the others.
#pragma once

#include <new>
#include <optional>
#include <string>

#include "tvw/core/error.hpp"

namespace tvw::bench {

/// Does `work`; why it could not be done, if it could not.
template <class Work>
std::optional<std::string> failure_of(const Work& work) {
  try {
    work();
    return std::nullopt;
  } catch (const Error& error) {
    return error.what();
  } catch (const std::bad_alloc&) {
    return "out of memory";
  }
}

}  // namespace tvw::bench
