/* q2_0 on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/q2_0.h"

GB_BYTE_DEQUANTIZE(q2_0, avx2, format)
GB_BYTE_KERNELS(q2_0, avx2, format)
