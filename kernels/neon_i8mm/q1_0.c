/* q1_0 on NEON with matrix products. */
#include "kernels/neon_i8mm/blocks32.h"

#include "kernels/vec16/q1_0.h"

GB_BLOCK32_GEMM(q1_0)
