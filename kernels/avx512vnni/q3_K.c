/* q3_K on AVX-512 VNNI. */
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/q3_K.h"

GB_SUPER_DEQUANTIZE(q3_K, avx512vnni)
GB_SUPER_KERNELS(q3_K, avx512vnni)
