/* q2_K on NEON with matrix products. */
#include "kernels/neon_i8mm/super.h"

#include "kernels/vec16/q2_K.h"

GB_SUPER_GEMM(q2_K)
