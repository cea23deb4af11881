/* Float operations of the engine on NEON. */
#include <math.h>

#include "kernels/neon/vec16.h"

#include "kernels/vec16/lanes.h"
#include "reference/math.h"

/* gb_exp_f32 of reference/math.h, operation by operation. A NaN passes through: both comparisons are false, its
 * integer part converts to 0 and the polynomial stays NaN. */
GB_INLINE float32x4_t exp4(float32x4_t x) {
    const float32x4_t min = vdupq_n_f32(GB_EXP_MIN);
    const float32x4_t max = vdupq_n_f32(GB_EXP_MAX);
    const float32x4_t magic = vdupq_n_f32(GB_EXP_MAGIC);
    x = vbslq_f32(vcltq_f32(x, min), min, x);
    x = vbslq_f32(vcgtq_f32(x, max), max, x);
    const float32x4_t n = vsubq_f32(vaddq_f32(vmulq_n_f32(x, GB_EXP_LOG2E), magic), magic);
    float32x4_t r = vsubq_f32(x, vmulq_n_f32(n, GB_EXP_LN2_HI));
    r = vsubq_f32(r, vmulq_n_f32(n, GB_EXP_LN2_LO));
    static const float c[] = {GB_EXP_C5, GB_EXP_C4, GB_EXP_C3, GB_EXP_C2, 1.0F, 1.0F};
    float32x4_t p = vdupq_n_f32(GB_EXP_C6);
    for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) p = vaddq_f32(vmulq_f32(p, r), vdupq_n_f32(c[i]));
    const int32x4_t k = vcvtq_s32_f32(n);
    const int32x4_t k1 = vshrq_n_s32(k, 1);
    const int32x4_t k2 = vsubq_s32(k, k1);
    const int32x4_t bias = vdupq_n_s32(127);
    p = vmulq_f32(p, vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(k1, bias), 23)));
    return vmulq_f32(p, vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(k2, bias), 23)));
}

void gb_f32_rmsnorm_neon(const float *x, const float *w, float *y, size_t n, float eps) {
    const char *row = (const char *)x;
    const float32x4_t sum = gb_lanes_dot(GB_LANES_F32, row, 0, 1, GB_LANES_F32, row, n, 0);
    const float mean = vgetq_lane_f32(sum, 0) / (float)n;
    const float scale = 1.0F / sqrtf(mean + eps);
    size_t i = 0;
    for (; i + 4 <= n; i += 4) vst1q_f32(y + i, vmulq_f32(vmulq_n_f32(vld1q_f32(x + i), scale), vld1q_f32(w + i)));
    for (; i < n; i++) y[i] = (x[i] * scale) * w[i];
}

void gb_f32_rope_neon(float *x, size_t heads, size_t head_dim, size_t n_rot, const float *cs) {
    for (size_t h = 0; h < heads; h++, x += head_dim) {
        size_t i = 0;
        for (; i + 8 <= n_rot; i += 8) {
            const float32x4x2_t v = vld2q_f32(x + i); /* val[0] = re, val[1] = im of four pairs */
            const float32x4x2_t t = vld2q_f32(cs + i);
            float32x4x2_t turned;
            turned.val[0] = vsubq_f32(vmulq_f32(v.val[0], t.val[0]), vmulq_f32(v.val[1], t.val[1]));
            turned.val[1] = vaddq_f32(vmulq_f32(v.val[0], t.val[1]), vmulq_f32(v.val[1], t.val[0]));
            vst2q_f32(x + i, turned);
        }
        for (; i + 1 < n_rot; i += 2) {
            const float re = x[i];
            const float im = x[i + 1];
            x[i] = re * cs[i] - im * cs[i + 1];
            x[i + 1] = re * cs[i + 1] + im * cs[i];
        }
    }
}

/* a > b ? a : b */
GB_INLINE float32x4_t larger(float32x4_t a, float32x4_t b) {
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}

/* The maximum; -inf if all are. With a NaN among x any result will do: the sum is then NaN and with it every output.
 * The sign of a zero maximum is free too: it cannot change exp(x - max). */
static float row_max(const float *x, size_t n) {
    const float32x4_t lowest = vdupq_n_f32(-INFINITY);
    float32x4x4_t lane = {{lowest, lowest, lowest, lowest}};
    size_t i = 0;
    for (; i + GB_LANES <= n; i += GB_LANES)
        for (size_t j = 0; j < 4; j++) lane.val[j] = larger(vld1q_f32(x + i + 4 * j), lane.val[j]);
    float32x4_t m = larger(larger(lane.val[0], lane.val[2]), larger(lane.val[1], lane.val[3]));
    for (; i + 4 <= n; i += 4) m = larger(vld1q_f32(x + i), m);
    float max = vmaxvq_f32(m);
    for (; i < n; i++) max = x[i] > max ? x[i] : max;
    return max;
}

void gb_f32_softmax_neon(float *x, size_t n) {
    const float max = row_max(x, n);
    const float32x4_t shift = vdupq_n_f32(max);
    float32x4x4_t lane = gb_zero_lanes();
    size_t i = 0;
    for (; i + GB_LANES <= n; i += GB_LANES) {
        for (size_t j = 0; j < 4; j++) {
            const float32x4_t e = exp4(vsubq_f32(vld1q_f32(x + i + 4 * j), shift));
            vst1q_f32(x + i + 4 * j, e);
            lane.val[j] = vaddq_f32(lane.val[j], e);
        }
    }
    if (i < n) {
        for (size_t l = i; l < n; l++) x[l] = gb_exp_f32(x[l] - max);
        const float32x4x4_t e = gb_load_tail(GB_LANES_F32, x + i, n - i);
        for (size_t j = 0; j < 4; j++) lane.val[j] = vaddq_f32(lane.val[j], e.val[j]);
    }
    const float inverse = 1.0F / gb_fold_row(lane);
    for (i = 0; i + 4 <= n; i += 4) vst1q_f32(x + i, vmulq_n_f32(vld1q_f32(x + i), inverse));
    for (; i < n; i++) x[i] = x[i] * inverse;
}

void gb_f32_silu_mul_neon(const float *gate, const float *up, float *y, size_t n) {
    const float32x4_t one = vdupq_n_f32(1.0F);
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const float32x4_t g = vld1q_f32(gate + i);
        const float32x4_t e = exp4(vnegq_f32(g));
        vst1q_f32(y + i, vmulq_f32(vdivq_f32(g, vaddq_f32(one, e)), vld1q_f32(up + i)));
    }
    for (; i < n; i++) y[i] = (gate[i] / (1.0F + gb_exp_f32(-gate[i]))) * up[i];
}

void gb_f32_add_neon(const float *x, float *y, size_t n) {
    size_t i = 0;
    for (; i + 4 <= n; i += 4) vst1q_f32(y + i, vaddq_f32(vld1q_f32(x + i), vld1q_f32(y + i)));
    for (; i < n; i++) y[i] = x[i] + y[i];
}
