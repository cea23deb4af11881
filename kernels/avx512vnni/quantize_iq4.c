/* Encoders of iq4_nl and iq4_xs in the lanes of wide.h: kernels/wide/. */
#include "kernels/avx512vnni/wide.h"

#include "kernels/wide/iq4.h"

GB_WIDE_QUANTIZE(iq4_nl, avx512vnni)
GB_WIDE_QUANTIZE(iq4_xs, avx512vnni)
