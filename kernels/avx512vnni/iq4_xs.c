/* iq4_xs on AVX-512 VNNI. */
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/iq4_xs.h"

GB_SUPER_DEQUANTIZE(iq4_xs, avx512vnni)
GB_SUPER_KERNELS(iq4_xs, avx512vnni)
