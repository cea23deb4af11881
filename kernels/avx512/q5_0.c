/* q5_0 on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/q5_0.h"

GB_BLOCK32_DEQUANTIZE(q5_0, avx512)
GB_BLOCK32_KERNELS(q5_0, avx512)
