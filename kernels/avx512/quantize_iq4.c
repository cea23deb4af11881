/* Encoders of iq4_nl and iq4_xs on AVX-512 without VNNI. */
#include "kernels/vec64/quantize_iq4.h"

GB_WIDE_QUANTIZE(iq4_nl, avx512)
GB_WIDE_QUANTIZE(iq4_xs, avx512)
