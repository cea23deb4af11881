#include "reference/search.h"

#include <math.h>

#include "reference/number.h"

float gb_sum_squares(const float *x, size_t n) {
    float sum = 0.0F;
    for (size_t i = 0; i < n; i++) sum = sum + x[i] * x[i];
    return sum;
}

float gb_weigh(size_t n, const float *x, const float *importance, float sigma2, float *weight) {
    float sum = 0.0F;
    for (size_t i = 0; i < n; i++) {
        weight[i] = (importance ? importance[i] : 1.0F) * sqrtf(sigma2 + x[i] * x[i]);
        sum = sum + weight[i];
    }
    return sum;
}

/* Sums of w*x*l and w*l*l for the codes that `inverse` gives. */
static void fit(size_t n, int half, const float *x, const float *weight, float inverse, float *sum_lx, float *sum_l2) {
    *sum_lx = 0.0F;
    *sum_l2 = 0.0F;
    for (size_t i = 0; i < n; i++) {
        const float l = (float)gb_clamp_int(gb_nearest_int(inverse * x[i]), -half, half - 1);
        const float w = weight ? weight[i] : x[i] * x[i];
        *sum_lx = *sum_lx + w * x[i] * l;
        *sum_l2 = *sum_l2 + w * l * l;
    }
}

static void set_codes(size_t n, int half, const float *x, float inverse, uint8_t *code) {
    for (size_t i = 0; i < n; i++)
        code[i] = (uint8_t)(gb_clamp_int(gb_nearest_int(inverse * x[i]), -half, half - 1) + half);
}

/* The element of largest magnitude, or 0 where that is below 1e-15: then all codes are 0 (not `half`), as the scale. */
static float find_extreme(size_t n, const float *x, uint8_t *code) {
    float extreme = 0.0F;
    for (size_t i = 0; i < n; i++) {
        if (gb_larger_magnitude(x[i], extreme)) extreme = x[i];
    }
    if (gb_abs_f32(extreme) >= 1e-15F) return extreme;
    memset(code, 0, n);
    return 0.0F;
}

float gb_search_signed(size_t n, int half, const float *x, const float *weight, uint8_t *code) {
    const float extreme = find_extreme(n, x, code);
    if (extreme == 0.0F) return 0.0F;
    float inverse = -(float)half / extreme;
    float sum_lx;
    float sum_l2;
    fit(n, half, x, weight, inverse, &sum_lx, &sum_l2);
    set_codes(n, half, x, inverse, code);
    float scale = sum_l2 != 0.0F ? sum_lx / sum_l2 : 0.0F;
    float best = scale * sum_lx;
    for (int k = -9; k <= 9; k++) {
        if (k == 0) continue;
        inverse = -((float)half + 0.1F * (float)k) / extreme;
        fit(n, half, x, weight, inverse, &sum_lx, &sum_l2);
        if (sum_l2 > 0.0F && sum_lx * sum_lx > best * sum_l2) {
            set_codes(n, half, x, inverse, code);
            scale = sum_lx / sum_l2;
            best = scale * sum_lx;
        }
    }
    return scale;
}

/* One pass over the codes: each moves to where the others want it, if that is strictly better. */
static int improve_signed(size_t n, int half, const float *x, uint8_t *code, float *sum_lx, float *sum_l2) {
    int changed = 0;
    for (size_t i = 0; i < n; i++) {
        const float w = x[i] * x[i];
        const float old = (float)(code[i] - half);
        float p = *sum_lx - w * x[i] * old;
        if (!(p > 0.0F)) continue;
        float q = *sum_l2 - w * old * old;
        const int l = gb_clamp_int(gb_nearest_int(x[i] * q / p), -half, half - 1);
        if (l == code[i] - half) continue;
        const float fl = (float)l;
        p = p + w * x[i] * fl;
        q = q + w * fl * fl;
        if (q > 0.0F && p * p * *sum_l2 > *sum_lx * *sum_lx * q) {
            code[i] = (uint8_t)(l + half);
            *sum_lx = p;
            *sum_l2 = q;
            changed = 1;
        }
    }
    return changed;
}

float gb_search_greedy(size_t n, int half, const float *x, uint8_t *code) {
    const float extreme = find_extreme(n, x, code);
    if (extreme == 0.0F) return 0.0F;
    const float inverse = -(float)half / extreme;
    float sum_lx;
    float sum_l2;
    fit(n, half, x, NULL, inverse, &sum_lx, &sum_l2);
    set_codes(n, half, x, inverse, code);
    for (int pass = 0; pass < 5; pass++)
        if (!improve_signed(n, half, x, code, &sum_lx, &sum_l2)) break;
    return sum_l2 > 0.0F ? sum_lx / sum_l2 : 0.0F;
}

static float affine_error(size_t n, const gb_affine *how, const float *x, const float *weight, const uint8_t *code,
                          float scale, float min) {
    float error = 0.0F;
    for (size_t i = 0; i < n; i++) {
        const float d = scale * (float)code[i] + min - x[i];
        error = error + weight[i] * (how->squared ? d * d : gb_abs_f32(d));
    }
    return error;
}

float gb_search_affine(size_t n, const gb_affine *how, const float *x, const float *weight, uint8_t *code,
                       float *negmin) {
    float min = x[0];
    float max = x[0];
    float sum_w = weight[0];
    float sum_wx = weight[0] * x[0];
    for (size_t i = 1; i < n; i++) {
        if (x[i] < min) min = x[i];
        if (x[i] > max) max = x[i];
        sum_w = sum_w + weight[i];
        sum_wx = sum_wx + weight[i] * x[i];
    }
    if (min > 0.0F) min = 0.0F;
    if (!(max > min)) {
        memset(code, 0, n);
        *negmin = -min;
        return 0.0F;
    }
    const float top = (float)how->top;
    float inverse = top / (max - min);
    float scale = 1.0F / inverse;
    for (size_t i = 0; i < n; i++) code[i] = (uint8_t)gb_clamp_int(gb_nearest_int(inverse * (x[i] - min)), 0, how->top);
    float best = affine_error(n, how, x, weight, code, scale, min);
    for (int step = 0; step <= how->steps; step++) {
        inverse = (how->r0 + how->dr * (float)step + top) / (max - min);
        uint8_t trial[256];
        float sum_l = 0.0F;
        float sum_l2 = 0.0F;
        float sum_xl = 0.0F;
        for (size_t i = 0; i < n; i++) {
            const int l = gb_clamp_int(gb_nearest_int(inverse * (x[i] - min)), 0, how->top);
            const float fl = (float)l;
            trial[i] = (uint8_t)l;
            sum_l = sum_l + weight[i] * fl;
            sum_l2 = sum_l2 + weight[i] * fl * fl;
            sum_xl = sum_xl + weight[i] * fl * x[i];
        }
        const float det = sum_w * sum_l2 - sum_l * sum_l;
        if (!(det > 0.0F)) continue;
        float s = (sum_w * sum_xl - sum_wx * sum_l) / det;
        float m = (sum_l2 * sum_wx - sum_l * sum_xl) / det;
        if (m > 0.0F) {
            m = 0.0F;
            s = sum_xl / sum_l2;
        }
        const float error = affine_error(n, how, x, weight, trial, s, m);
        if (error < best) {
            memcpy(code, trial, n);
            best = error;
            scale = s;
            min = m; /* later trials measure from the new minimum */
        }
    }
    *negmin = -min;
    return scale;
}

float gb_search_positive(size_t n, int top, const float *x, const float *weight, uint8_t *code) {
    float max = 0.0F;
    for (size_t i = 0; i < n; i++)
        if (x[i] > max) max = x[i];
    if (max < 1e-15F) {
        memset(code, 0, n);
        return 0.0F;
    }
    float inverse = (float)top / max;
    float scale = 1.0F / inverse;
    float best = 0.0F;
    for (size_t i = 0; i < n; i++) {
        code[i] = (uint8_t)gb_nearest_int(inverse * x[i]);
        const float d = x[i] - scale * (float)code[i];
        best = best + weight[i] * d * d;
    }
    for (int k = -4; k <= 4; k++) {
        if (k == 0) continue;
        const float trial = (0.1F * (float)k + (float)top) / max;
        const float trial_scale = 1.0F / trial;
        float error = 0.0F;
        for (size_t i = 0; i < n; i++) {
            int l = gb_nearest_int(trial * x[i]);
            if (l > top) l = top;
            const float d = x[i] - trial_scale * (float)l;
            error = error + weight[i] * d * d;
        }
        if (error < best) {
            best = error;
            inverse = trial;
        }
    }
    float sum_lx = 0.0F;
    float sum_l2 = 0.0F;
    for (size_t i = 0; i < n; i++) {
        int l = gb_nearest_int(inverse * x[i]);
        if (l > top) l = top;
        code[i] = (uint8_t)l; /* a byte on purpose: a negative code wraps, and the passes below read it back wrapped */
        const float fl = (float)l;
        sum_lx = sum_lx + weight[i] * x[i] * fl;
        sum_l2 = sum_l2 + weight[i] * fl * fl;
    }
    for (int pass = 0; pass < 5; pass++) {
        int changed = 0;
        for (size_t i = 0; i < n; i++) {
            const float w = weight[i];
            const float old = (float)code[i];
            float p = sum_lx - w * x[i] * old;
            float q = sum_l2 - w * old * old;
            if (!(p > 0.0F && q > 0.0F)) continue;
            int l = gb_nearest_int(x[i] * q / p);
            if (l > top) l = top;
            if (l == code[i]) continue;
            const float fl = (float)l;
            p = p + w * x[i] * fl;
            q = q + w * fl * fl;
            if (p * p * sum_l2 > sum_lx * sum_lx * q) {
                code[i] = (uint8_t)l;
                sum_lx = p;
                sum_l2 = q;
                changed = 1;
            }
        }
        if (!changed) break;
    }
    return sum_l2 > 0.0F ? sum_lx / sum_l2 : 0.0F;
}
