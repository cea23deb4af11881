/* iq2_xxs on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/iq2_xxs.h"

GB_SUPER_DEQUANTIZE(iq2_xxs, avx512)
GB_SUPER_KERNELS(iq2_xxs, avx512)
