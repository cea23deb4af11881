/* Encoders of the formats with four-bit floats in the lanes of wide.h: kernels/wide/. */
#include "kernels/neon/wide.h"

#include "kernels/wide/e2m1.h"

GB_WIDE_QUANTIZE(mxfp4, neon)
GB_WIDE_QUANTIZE(nvfp4, neon)
