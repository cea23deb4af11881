/* iq2_s on NEON with matrix products. */
#include "kernels/neon_i8mm/super.h"

#include "kernels/vec16/lattice.h"

GB_LATTICE_FORMAT(iq2_s, 0);
GB_SUPER_GEMM(iq2_s)
