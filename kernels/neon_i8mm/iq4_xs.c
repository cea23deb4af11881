/* iq4_xs on NEON with matrix products. */
#include "kernels/neon_i8mm/super.h"

#include "kernels/vec16/iq4_xs.h"

GB_SUPER_GEMM(iq4_xs)
