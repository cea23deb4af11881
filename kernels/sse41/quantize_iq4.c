/* Encoders of iq4_nl and iq4_xs in the lanes of wide.h: kernels/wide/. */
#include "kernels/sse41/wide.h"

#include "kernels/wide/iq4.h"

GB_WIDE_QUANTIZE(iq4_nl, sse41)
GB_WIDE_QUANTIZE(iq4_xs, sse41)
