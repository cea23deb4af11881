/* tq2_0 on AVX-512 VNNI. */
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/tq2_0.h"

GB_SUPER_DEQUANTIZE(tq2_0, avx512vnni)
GB_SUPER_KERNELS(tq2_0, avx512vnni)
