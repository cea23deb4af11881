/* q3_K on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/q3_K.h"

GB_SUPER_DEQUANTIZE(q3_K, avx512)
GB_SUPER_KERNELS(q3_K, avx512)
