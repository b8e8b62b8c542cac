#include "kernels/cpu/amx_rows.hpp"

#include <memory>

#include "tvw/core/error.hpp"

namespace tvw::kernels::cpu {

#if defined(__x86_64__)

std::unique_ptr<RowTiles> make_amx_row_tiles(AmxRowWeights weights) {
  return std::make_unique<AmxRowTiles<AmxRegisters>>(std::move(weights));
}

#else

std::unique_ptr<RowTiles> make_amx_row_tiles(AmxRowWeights /*weights*/) {
  throw Error(ErrorCode::kUnsupported, "AMX is x86's");
}

#endif

}  // namespace tvw::kernels::cpu
