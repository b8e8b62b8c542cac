#include "kernels/cpu/row_share.hpp"

#include "kernels/cpu/panel_split.hpp"

namespace tvw::kernels::cpu {

int64_t tokens_by_rows(int64_t M, bool together, const RowLimits& limits) {
  const int64_t vectors = vectors_of(M);
  if (M < limits.panels_from &&
      (limits.tokens_per_vector == 0 || M < limits.tokens_per_vector * vectors)) {
    return M;
  }
  const int64_t left = M % kVectorTokens;
  const bool joined =
      together && M >= 2 * kVectorTokens && M <= limits.most_joined && left <= limits.most_left;
  return joined ? left : 0;
}

}  // namespace tvw::kernels::cpu
