/* iq2_xxs on AVX-512 VNNI. */
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/iq2_xxs.h"

GB_SUPER_DEQUANTIZE(iq2_xxs, avx512vnni)
GB_SUPER_KERNELS(iq2_xxs, avx512vnni)
