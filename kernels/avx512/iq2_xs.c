/* iq2_xs on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/iq2_xs.h"

GB_SUPER_DEQUANTIZE(iq2_xs, avx512)
GB_SUPER_KERNELS(iq2_xs, avx512)
