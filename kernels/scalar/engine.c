/* Float operations of the engine, plain C: the sums keep the reference's sixteen lanes, since their order is the
 * result; what has no order (maxima, rows of products) is written for speed. */
#include <math.h>

#include "kernels/engine.h"
#include "kernels/scalar/rows.h"
#include "reference/math.h"

void gb_f32_rmsnorm_scalar(const float *x, const float *w, float *y, size_t n, float eps) {
    const float scale = 1.0F / sqrtf(gb_f32_dot_scalar(x, x, n) / (float)n + eps);
    for (size_t i = 0; i < n; i++) y[i] = (x[i] * scale) * w[i];
}

void gb_f32_rope_scalar(float *x, size_t heads, size_t head_dim, size_t n_rot, const float *cs) {
    /* pair by pair over all heads, so that a sine and cosine are loaded once */
    for (size_t i = 0; i + 1 < n_rot; i += 2) {
        const float c = cs[i];
        const float s = cs[i + 1];
        float *pair = x + i;
        for (size_t h = 0; h < heads; h++, pair += head_dim) {
            const float re = pair[0];
            const float im = pair[1];
            pair[0] = re * c - im * s;
            pair[1] = re * s + im * c;
        }
    }
}

/* Maximum that skips NaN and keeps the first of +0 and -0 it meets; exp(x - max) does not tell the zeros apart, so the
 * lane order of the reference does not matter here. */
static float row_max(const float *x, size_t n) {
    float even = -INFINITY;
    float odd = -INFINITY;
    size_t i = 0;
    for (; i + 1 < n; i += 2) {
        even = x[i] > even ? x[i] : even;
        odd = x[i + 1] > odd ? x[i + 1] : odd;
    }
    if (i < n) even = x[i] > even ? x[i] : even;
    return even > odd ? even : odd;
}

void gb_f32_softmax_scalar(float *x, size_t n) {
    const float max = row_max(x, n);
    float lane[GB_LANES] = {0};
    for (size_t i = 0; i < n; i += GB_LANES) {
        const size_t end = n - i < GB_LANES ? n - i : GB_LANES;
        for (size_t l = 0; l < end; l++) {
            x[i + l] = gb_exp_f32(x[i + l] - max);
            lane[l] = lane[l] + x[i + l];
        }
    }
    const float inverse = 1.0F / gb_fold_lanes(lane);
    for (size_t i = 0; i < n; i++) x[i] = x[i] * inverse;
}

void gb_f32_silu_mul_scalar(const float *gate, const float *up, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (gate[i] / (1.0F + gb_exp_f32(-gate[i]))) * up[i];
}

void gb_f32_add_scalar(const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = x[i] + y[i];
}

static size_t find(const float *x, size_t n, float value) {
    size_t i = 0;
    while (i < n && x[i] != value) i++;
    return i;
}

GB_ARGMAX_KERNEL(scalar, row_max, find)
