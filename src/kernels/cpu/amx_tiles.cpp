#include "kernels/cpu/amx_tiles.hpp"

#include <memory>

#include "tvw/core/error.hpp"

namespace tvw::kernels::cpu {

#if defined(__x86_64__)

std::unique_ptr<PanelTiles> make_amx_tiles(AmxWeights weights) {
  return std::make_unique<AmxTiles<AmxRegisters>>(std::move(weights));
}

#else

std::unique_ptr<PanelTiles> make_amx_tiles(AmxWeights /*weights*/) {
  throw Error(ErrorCode::kUnsupported, "AMX is x86's");
}

#endif

}  // namespace tvw::kernels::cpu
