/* nvfp4 on NEON with matrix products. */
#include "kernels/neon_i8mm/blocks32.h"

#include "kernels/vec16/nvfp4.h"

GB_BLOCK32_GEMM(nvfp4)
