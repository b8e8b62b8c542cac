#include "tvw/kernels/executor.hpp"

namespace tvw::kernels {

std::string_view name(Layout layout) { return layout == Layout::kTokenMajor ? "token" : "feature"; }

}  // namespace tvw::kernels
