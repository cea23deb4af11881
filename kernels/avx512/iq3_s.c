/* iq3_s on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/iq3_s.h"

GB_SUPER_DEQUANTIZE(iq3_s, avx512)
GB_SUPER_KERNELS(iq3_s, avx512)
