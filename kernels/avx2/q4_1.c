/* q4_1 on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/q4_1.h"

GB_BYTE_DEQUANTIZE(q4_1, avx2, format)
GB_BYTE_KERNELS(q4_1, avx2, format)
