/* Float operations of the engine but attention. Sums over elements use the sixteen-lane pattern (lanes.h); everything
 * else is element-wise, one rounding per operation, in the written order. */
#include <math.h>

#include "reference/lanes.h"
#include "reference/math.h"
#include "reference/number.h"
#include "reference/reference.h"

void gb_ref_gemv(gb_dot_fn *dot, const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    for (size_t r = 0; r < rows; r++) y[r] = dot((const char *)w + r * w_stride, a, n);
}

void gb_ref_gemm(gb_dot_fn *dot, const gb_gemm_args *g) {
    for (size_t c = 0; c < g->cols; c++)
        gb_ref_gemv(dot, g->w, g->w_stride, g->rows, (const char *)g->a + c * g->a_stride, g->n,
                    g->y + c * g->y_stride);
}

/* gb_ref_<format>_gemv and _gemm of every weight format: the generic definition with the format's dot. */
#define GB_REF_GEMV_W(name)                                                                                            \
    void gb_ref_##name##_gemv(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {        \
        gb_ref_gemv(gb_ref_##name##_dot, w, w_stride, rows, a, n, y);                                                  \
    }                                                                                                                  \
    void gb_ref_##name##_gemm(const gb_gemm_args *g) {                                                                 \
        gb_ref_gemm(gb_ref_##name##_dot, g);                                                                           \
    }
#define GB_REF_GEMV_WA(name) GB_REF_GEMV_W(name)
#define GB_REF_GEMV_A(name)
#define GB_REF_GEMV_D(name)
#define GB_REF_GEMV(name, NAME, kind, type, elems, bytes, partner) GB_REF_GEMV_##kind(name)
GB_FORMATS(GB_REF_GEMV)

void gb_ref_f32_rmsnorm(const float *x, const float *w, float *y, size_t n, float eps) {
    float lane[GB_LANES] = {0};
    for (size_t i = 0; i < n; i++) lane[i % GB_LANES] = lane[i % GB_LANES] + x[i] * x[i];
    const float mean = gb_fold_lanes(lane) / (float)n;
    const float scale = 1.0F / sqrtf(mean + eps); /* IEEE square root and division: correctly rounded everywhere */
    for (size_t i = 0; i < n; i++) y[i] = (x[i] * scale) * w[i];
}

void gb_ref_f32_rope(float *x, size_t heads, size_t head_dim, size_t n_rot, const float *cs) {
    for (size_t h = 0; h < heads; h++, x += head_dim) {
        for (size_t i = 0; i + 1 < n_rot; i += 2) {
            const float re = x[i];
            const float im = x[i + 1];
            x[i] = re * cs[i] - im * cs[i + 1];
            x[i + 1] = re * cs[i + 1] + im * cs[i];
        }
    }
}

/* exp(x - max) / sum, as a product with 1 / sum. The maximum skips NaN (x > m is false), lane by lane as the sum. */
void gb_ref_f32_softmax(float *x, size_t n) {
    float lane[GB_LANES];
    for (size_t l = 0; l < GB_LANES; l++) lane[l] = -INFINITY;
    for (size_t i = 0; i < n; i++) lane[i % GB_LANES] = x[i] > lane[i % GB_LANES] ? x[i] : lane[i % GB_LANES];
    for (size_t half = GB_LANES / 2; half > 0; half /= 2)
        for (size_t l = 0; l < half; l++) lane[l] = lane[l] > lane[l + half] ? lane[l] : lane[l + half];
    const float max = lane[0];
    for (size_t l = 0; l < GB_LANES; l++) lane[l] = 0.0F;
    for (size_t i = 0; i < n; i++) {
        x[i] = gb_exp_f32(x[i] - max);
        lane[i % GB_LANES] = lane[i % GB_LANES] + x[i];
    }
    const float inverse = 1.0F / gb_fold_lanes(lane);
    for (size_t i = 0; i < n; i++) x[i] = x[i] * inverse;
}

void gb_ref_f32_silu_mul(const float *gate, const float *up, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) {
        const float e = gb_exp_f32(-gate[i]);
        y[i] = (gate[i] / (1.0F + e)) * up[i];
    }
}

void gb_ref_f32_add(const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = x[i] + y[i];
}

/* The first x that is greater than all before it, NaN left out: x > greatest is false for a NaN, and a row of -inf and
 * NaN keeps the first -inf. */
size_t gb_ref_f32_argmax(const float *x, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++) {
        const int first_number = x[best] != x[best] && x[i] == x[i];
        if (x[i] > x[best] || first_number) best = i;
    }
    return best;
}
