/* Encoders of the K-quants in the lanes of wide.h: kernels/wide/. */
#include "kernels/neon/wide.h"

#include "kernels/wide/k_mins.h"
#include "kernels/wide/k_signed.h"

GB_WIDE_QUANTIZE(q2_K, neon)
GB_WIDE_QUANTIZE(q3_K, neon)
GB_WIDE_QUANTIZE(q4_K, neon)
GB_WIDE_QUANTIZE(q5_K, neon)
GB_WIDE_QUANTIZE(q6_K, neon)
