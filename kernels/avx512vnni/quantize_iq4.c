/* Encoders of iq4_nl and iq4_xs on AVX-512 VNNI. */
#include "kernels/vec64/quantize_iq4.h"

GB_WIDE_QUANTIZE(iq4_nl, avx512vnni)
GB_WIDE_QUANTIZE(iq4_xs, avx512vnni)
