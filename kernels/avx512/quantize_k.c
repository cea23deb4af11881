/* Encoders of the K-quants on AVX-512 without VNNI. */
#include "kernels/vec64/wide.h"

#include "kernels/wide/k_mins.h"
#include "kernels/wide/k_signed.h"

GB_WIDE_QUANTIZE(q2_K, avx512)
GB_WIDE_QUANTIZE(q3_K, avx512)
GB_WIDE_QUANTIZE(q4_K, avx512)
GB_WIDE_QUANTIZE(q5_K, avx512)
GB_WIDE_QUANTIZE(q6_K, avx512)
