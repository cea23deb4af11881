/* iq4_nl on AVX-512 VNNI. */
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/iq4_nl.h"

GB_BLOCK32_DEQUANTIZE(iq4_nl, avx512vnni)
GB_BLOCK32_KERNELS(iq4_nl, avx512vnni)
