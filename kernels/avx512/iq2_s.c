/* iq2_s on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/iq2_s.h"

GB_SUPER_DEQUANTIZE(iq2_s, avx512)
GB_SUPER_KERNELS(iq2_s, avx512)
