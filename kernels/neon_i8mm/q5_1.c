/* q5_1 on NEON with matrix products. */
#include "kernels/neon_i8mm/blocks32.h"

#include "kernels/vec16/q5_1.h"

GB_BLOCK32_GEMM(q5_1)
