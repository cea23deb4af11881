/* q1_0 on AVX-512 VNNI. */
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/q1_0.h"

GB_BLOCK32_DEQUANTIZE(q1_0, avx512vnni)
GB_BLOCK32_KERNELS(q1_0, avx512vnni)
