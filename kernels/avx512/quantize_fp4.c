/* Encoders of the formats with four-bit floats on AVX-512 without VNNI. */
#include "kernels/vec64/wide.h"

#include "kernels/wide/e2m1.h"

GB_WIDE_QUANTIZE(mxfp4, avx512)
GB_WIDE_QUANTIZE(nvfp4, avx512)
