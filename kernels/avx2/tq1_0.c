/* tq1_0 on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/tq1_0.h"

GB_SUPER_DEQUANTIZE(tq1_0, avx2)
GB_SUPER_KERNELS(tq1_0, avx2)
