/* q2_0 on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/q2_0.h"

GB_BLOCK32_DEQUANTIZE(q2_0, avx512)
GB_BLOCK32_KERNELS(q2_0, avx512)
