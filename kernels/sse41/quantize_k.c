/* Encoders of the K-quants in the lanes of wide.h: kernels/wide/. */
#include "kernels/sse41/wide.h"

#include "kernels/wide/k_mins.h"
#include "kernels/wide/k_signed.h"

GB_WIDE_QUANTIZE(q2_K, sse41)
GB_WIDE_QUANTIZE(q3_K, sse41)
GB_WIDE_QUANTIZE(q4_K, sse41)
GB_WIDE_QUANTIZE(q5_K, sse41)
GB_WIDE_QUANTIZE(q6_K, sse41)
