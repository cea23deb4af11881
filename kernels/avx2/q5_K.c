/* q5_K on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/q5_K.h"

GB_SUPER_DEQUANTIZE(q5_K, avx2)
GB_SUPER_KERNELS(q5_K, avx2)
