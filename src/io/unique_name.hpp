/// @file Names that are not taken yet.
#pragma once

#include <set>
#include <string>

namespace tvw::io {

/// `wanted`, or with a number behind it ("w#2") if it is taken; taken from now on.
[[nodiscard]] inline std::string unique_name(std::set<std::string>& taken,
                                             const std::string& wanted) {
  std::string candidate = wanted;
  for (int number = 2; !taken.insert(candidate).second; ++number) {
    candidate = wanted + "#" + std::to_string(number);
  }
  return candidate;
}

}  // namespace tvw::io
