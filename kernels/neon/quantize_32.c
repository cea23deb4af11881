/* Encoders of the formats with blocks of 32 in the lanes of wide.h: kernels/wide/. */
#include "kernels/neon/wide.h"

#include "kernels/wide/blocks32.h"

GB_WIDE_QUANTIZE(q4_1, neon)
GB_WIDE_QUANTIZE(q5_0, neon)
GB_WIDE_QUANTIZE(q5_1, neon)
