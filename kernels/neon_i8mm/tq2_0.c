/* tq2_0 on NEON with matrix products. */
#include "kernels/neon_i8mm/super.h"

#include "kernels/vec16/tq2_0.h"

GB_SUPER_GEMM(tq2_0)
