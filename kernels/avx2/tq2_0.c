/* tq2_0 on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/tq2_0.h"

GB_SUPER_DEQUANTIZE(tq2_0, avx2)
GB_SUPER_KERNELS(tq2_0, avx2)
