/* tq1_0 on AVX-512 VNNI. */
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/tq1_0.h"

GB_SUPER_DEQUANTIZE(tq1_0, avx512vnni)
GB_SUPER_KERNELS(tq1_0, avx512vnni)
