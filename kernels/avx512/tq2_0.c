/* tq2_0 on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/tq2_0.h"

GB_SUPER_DEQUANTIZE(tq2_0, avx512)
GB_SUPER_KERNELS(tq2_0, avx512)
