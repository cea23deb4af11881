/* q5_0 on NEON with matrix products. */
#include "kernels/neon_i8mm/blocks32.h"

#include "kernels/vec16/q5_0.h"

GB_BLOCK32_GEMM(q5_0)
