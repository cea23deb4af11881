/* q2_K on AVX-512 VNNI. */
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/q2_K.h"

GB_SUPER_DEQUANTIZE(q2_K, avx512vnni)
GB_SUPER_KERNELS(q2_K, avx512vnni)
