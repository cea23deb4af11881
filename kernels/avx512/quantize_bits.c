/* Encoders of the formats of -1, 0 and 1 on AVX-512 without VNNI. */
#include "kernels/vec64/wide.h"

#include "kernels/wide/ternary.h"

GB_WIDE_QUANTIZE(q2_0, avx512)
GB_WIDE_QUANTIZE(tq1_0, avx512)
GB_WIDE_QUANTIZE(tq2_0, avx512)
