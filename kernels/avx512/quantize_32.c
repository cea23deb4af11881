/* Encoders of the formats with blocks of 32 on AVX-512 without VNNI. */
#include "kernels/vec64/wide.h"

#include "kernels/wide/blocks32.h"

GB_WIDE_QUANTIZE(q4_1, avx512)
GB_WIDE_QUANTIZE(q5_0, avx512)
GB_WIDE_QUANTIZE(q5_1, avx512)
