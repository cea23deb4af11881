/* q4_K on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/q4_K.h"

GB_SUPER_DEQUANTIZE(q4_K, avx2)
GB_SUPER_KERNELS(q4_K, avx2)
