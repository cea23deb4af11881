/* int8_row: LLM.int8's vector-wise INT8 without its outliers: signed bytes and one f32 scale for the whole row.
 * Weights, and their own activation partner. */
#include "reference/foreign.h"
#include "reference/reference.h"

/* q = nearest(x * (127 / largest)); where 127 / largest overflows, all codes are 0. */
void gb_ref_int8_row_quantize_act(const float *x, void *blocks, size_t n) {
    const float largest = gb_largest(x, n);
    const float d = largest / 127.0F;
    float inverse = 127.0F / largest;
    if (!(inverse <= FLT_MAX)) inverse = 0.0F;
    int8_t *q = (int8_t *)blocks + sizeof d;
    memcpy(blocks, &d, sizeof d);
    for (size_t i = 0; i < n; i++) q[i] = (int8_t)gb_nearest_int(gb_number(x[i] * inverse));
}

void gb_ref_int8_row_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance; /* nothing is searched */
    gb_ref_int8_row_quantize_act(x, blocks, n);
}

void gb_ref_int8_row_dequantize(const void *blocks, float *x, size_t n) {
    const float d = gb_load_f32(blocks, 0);
    const int8_t *q = (const int8_t *)blocks + sizeof d;
    for (size_t i = 0; i < n; i++) x[i] = (float)q[i] * d;
}

/* (dw * da) * isum: one integer sum over the row. |isum| <= n * 2^14: int32 holds it below n = 131072, int64 always. */
float gb_ref_int8_row_dot(const void *w, const void *a, size_t n) {
    const float dw = gb_load_f32(w, 0);
    const float da = gb_load_f32(a, 0);
    const int8_t *qw = (const int8_t *)w + sizeof dw;
    const int8_t *qa = (const int8_t *)a + sizeof da;
    int64_t isum = 0;
    for (size_t i = 0; i < n; i++) isum += qw[i] * qa[i];
    return (dw * da) * (float)isum;
}
