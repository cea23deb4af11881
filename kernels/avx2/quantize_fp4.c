/* Encoders of the formats with four-bit floats in the lanes of wide.h: kernels/wide/. */
#include "kernels/avx2/wide.h"

#include "kernels/wide/e2m1.h"

GB_WIDE_QUANTIZE(mxfp4, avx2)
GB_WIDE_QUANTIZE(nvfp4, avx2)
