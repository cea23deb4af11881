/* q4_K on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/q4_K.h"

GB_SUPER_DEQUANTIZE(q4_K, avx512)
GB_SUPER_KERNELS(q4_K, avx512)
