/* Encoders of the K-quants in the lanes of wide.h; how stands in kernels/wide/kquant.h. */
#include "kernels/avx512vnni/wide.h"

#include "kernels/wide/kquant.h"

void gb_q4_K_quantize_avx512vnni(const float *x, void *blocks, size_t n, const float *importance) {
    gb_wide_q4_K_quantize(x, blocks, n, importance);
}

void gb_q6_K_quantize_avx512vnni(const float *x, void *blocks, size_t n, const float *importance) {
    gb_wide_q6_K_quantize(x, blocks, n, importance);
}
