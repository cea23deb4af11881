/* tq1_0 on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/tq1_0.h"

GB_SUPER_DEQUANTIZE(tq1_0, avx512)
GB_SUPER_KERNELS(tq1_0, avx512)
