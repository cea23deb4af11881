/* q4_1 on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/q4_1.h"

GB_BLOCK32_DEQUANTIZE(q4_1, avx512)
GB_BLOCK32_KERNELS(q4_1, avx512)
