/* iq1_s on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/iq1_s.h"

GB_SUPER_DEQUANTIZE(iq1_s, avx512)
GB_SUPER_KERNELS(iq1_s, avx512)
