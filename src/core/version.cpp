#include "tvw/core/version.hpp"

namespace tvw {

std::string_view version() { return TVW_VERSION; }

}  // namespace tvw
