/* iq1_m on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/iq1_m.h"

GB_SUPER_DEQUANTIZE(iq1_m, avx512)
GB_SUPER_KERNELS(iq1_m, avx512)
