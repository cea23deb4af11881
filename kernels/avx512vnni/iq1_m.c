/* iq1_m on AVX-512 VNNI. */
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/iq1_m.h"

GB_SUPER_DEQUANTIZE(iq1_m, avx512vnni)
GB_SUPER_KERNELS(iq1_m, avx512vnni)
