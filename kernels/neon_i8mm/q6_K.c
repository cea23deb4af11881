/* q6_K on NEON with matrix products. */
#include "kernels/neon_i8mm/super.h"

#include "kernels/vec16/q6_K.h"

GB_SUPER_GEMM(q6_K)
