/* q6_K on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/q6_K.h"

GB_SUPER_DEQUANTIZE(q6_K, avx512)
GB_SUPER_KERNELS(q6_K, avx512)
