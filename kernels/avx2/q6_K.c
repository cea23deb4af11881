/* q6_K on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/q6_K.h"

GB_SUPER_DEQUANTIZE(q6_K, avx2)
GB_SUPER_KERNELS(q6_K, avx2)
