/* q3_K on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/q3_K.h"

GB_SUPER_DEQUANTIZE(q3_K, avx2)
GB_SUPER_KERNELS(q3_K, avx2)
