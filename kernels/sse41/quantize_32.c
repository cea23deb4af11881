/* Encoders of the formats with blocks of 32 in the lanes of wide.h: kernels/wide/. */
#include "kernels/sse41/wide.h"

#include "kernels/wide/blocks32.h"

GB_WIDE_QUANTIZE(q4_0, sse41)
GB_WIDE_QUANTIZE(q4_1, sse41)
GB_WIDE_QUANTIZE(q5_0, sse41)
GB_WIDE_QUANTIZE(q5_1, sse41)
