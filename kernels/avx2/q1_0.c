/* q1_0 on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/q1_0.h"

GB_BYTE_DEQUANTIZE(q1_0, avx2, format)
GB_BYTE_KERNELS(q1_0, avx2, format)
