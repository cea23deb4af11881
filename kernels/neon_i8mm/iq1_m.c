/* iq1_m on NEON with matrix products. */
#include "kernels/neon_i8mm/super.h"

#include "kernels/vec16/lattice.h"

GB_LATTICE_FORMAT(iq1_m, 1);
GB_SUPER_GEMM(iq1_m)
