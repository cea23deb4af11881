/* Encoders of the formats of one and two bits without a search in the lanes of wide.h: kernels/wide/. */
#include "kernels/neon/wide.h"

#include "kernels/wide/q1_0.h"
#include "kernels/wide/ternary.h"

GB_WIDE_QUANTIZE(q1_0, neon)
GB_WIDE_QUANTIZE(q2_0, neon)
GB_WIDE_QUANTIZE(tq1_0, neon)
GB_WIDE_QUANTIZE(tq2_0, neon)
