/* q2_K on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/q2_K.h"

GB_SUPER_DEQUANTIZE(q2_K, avx2)
GB_SUPER_KERNELS(q2_K, avx2)
