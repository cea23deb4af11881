/* iq1_s on NEON with matrix products. */
#include "kernels/neon_i8mm/super.h"

#include "kernels/vec16/lattice.h"

GB_LATTICE_FORMAT(iq1_s, 1);
GB_SUPER_GEMM(iq1_s)
