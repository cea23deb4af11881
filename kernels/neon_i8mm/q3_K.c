/* q3_K on NEON with matrix products. */
#include "kernels/neon_i8mm/super.h"

#include "kernels/vec16/q3_K.h"

GB_SUPER_GEMM(q3_K)
