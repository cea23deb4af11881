/* Float operations of the engine in vectors of four floats. Ends of rows that fill no vector are left to plain C. */
#include "kernels/engine.h"
#include "kernels/vec16/lanes.h"
#include "reference/math.h"

enum { GB_EXP_VECTORS = 4 };

/* gb_exp_f32 of reference/math.h on `count` vectors, step by step: one alone is a chain of operations that leaves the
 * machine idle. A NaN passes through the clamp and stays one. */
GB_INLINE void exp4(gb_floats *x, size_t count) {
    static const float c[] = {GB_EXP_C5, GB_EXP_C4, GB_EXP_C3, GB_EXP_C2, 1.0F, 1.0F};
    const gb_floats magic = gb_v_fset(GB_EXP_MAGIC);
    gb_floats n[GB_EXP_VECTORS];
    gb_floats p[GB_EXP_VECTORS];
    for (size_t i = 0; i < count; i++) {
        x[i] = gb_v_clamp(x[i], GB_EXP_MIN, GB_EXP_MAX);
        n[i] = (x[i] * gb_v_fset(GB_EXP_LOG2E) + magic) - magic;
    }
    for (size_t i = 0; i < count; i++) {
        x[i] = x[i] - n[i] * gb_v_fset(GB_EXP_LN2_HI);
        x[i] = x[i] - n[i] * gb_v_fset(GB_EXP_LN2_LO);
        p[i] = gb_v_fset(GB_EXP_C6);
    }
    for (size_t j = 0; j < sizeof c / sizeof c[0]; j++)
        for (size_t i = 0; i < count; i++) p[i] = p[i] * x[i] + gb_v_fset(c[j]);
    for (size_t i = 0; i < count; i++) {
        const gb_ints k = gb_v_truncated(n[i]);
        const gb_ints k1 = gb_v_ihalf(k);
        x[i] = (p[i] * gb_v_power(k1)) * gb_v_power(gb_v_isub(k, k1));
    }
}

GB_INLINE void rmsnorm(const float *x, const float *w, float *y, size_t n, float eps) {
    const char *row = (const char *)x;
    const float sum = gb_v_first(gb_lanes_dot(GB_LANES_F32, row, 0, 1, GB_LANES_F32, row, n, 0));
    const float scale = 1.0F / sqrtf(sum / (float)n + eps);
    const gb_floats s = gb_v_fset(scale);
    size_t i = 0;
    for (; i + 4 <= n; i += 4) gb_v_fstore(y + i, (gb_v_fload(x + i) * s) * gb_v_fload(w + i));
    for (; i < n; i++) y[i] = (x[i] * scale) * w[i];
}

GB_INLINE void rope(float *x, size_t heads, size_t head_dim, size_t n_rot, const float *cs) {
    for (size_t h = 0; h < heads; h++, x += head_dim) {
        size_t i = 0;
        for (; i + 8 <= n_rot; i += 8) gb_v_rotate8(x + i, cs + i);
        gb_rotate_rest(x, i, n_rot, cs);
    }
}

/* The maximum, NaN left out. The sign of a zero does not matter: it cannot change exp(x - max), and zeros are equal. */
GB_INLINE float row_max(const float *x, size_t n) {
    const gb_floats lowest = gb_v_fset(-INFINITY);
    gb_floats4 lane = {{lowest, lowest, lowest, lowest}};
    size_t i = 0;
    for (; i + GB_LANES <= n; i += GB_LANES)
        for (size_t j = 0; j < 4; j++) lane.val[j] = gb_v_larger(gb_v_fload(x + i + 4 * j), lane.val[j]);
    gb_floats m = gb_v_larger(gb_v_larger(lane.val[0], lane.val[2]), gb_v_larger(lane.val[1], lane.val[3]));
    for (; i + 4 <= n; i += 4) m = gb_v_larger(gb_v_fload(x + i), m);
    float four[4];
    gb_v_fstore(four, m);
    float max = four[0];
    for (size_t j = 1; j < 4; j++) max = four[j] > max ? four[j] : max;
    for (; i < n; i++) max = x[i] > max ? x[i] : max;
    return max;
}

GB_INLINE size_t find(const float *x, size_t n, float value) {
    const gb_floats wanted = gb_v_fset(value);
    size_t i = 0;
    while (i + 4 <= n && !gb_v_any_equal(gb_v_fload(x + i), wanted)) i += 4;
    while (i < n && x[i] != value) i++;
    return i;
}

GB_INLINE void softmax(float *x, size_t n) {
    const float max = row_max(x, n);
    const gb_floats shift = gb_v_fset(max);
    gb_floats4 lane = gb_zero_lanes();
    size_t i = 0;
    for (; i + GB_LANES <= n; i += GB_LANES) {
        for (size_t j = 0; j < 4; j += GB_EXP_VECTORS) {
            gb_floats e[GB_EXP_VECTORS];
            for (size_t k = 0; k < GB_EXP_VECTORS; k++) e[k] = gb_v_fload(x + i + 4 * (j + k)) - shift;
            exp4(e, GB_EXP_VECTORS);
            for (size_t k = 0; k < GB_EXP_VECTORS; k++) {
                gb_v_fstore(x + i + 4 * (j + k), e[k]);
                lane.val[j + k] = lane.val[j + k] + e[k];
            }
        }
    }
    if (i < n) {
        for (size_t l = i; l < n; l++) x[l] = gb_exp_f32(x[l] - max);
        const gb_floats4 e = gb_load_tail(GB_LANES_F32, x + i, n - i);
        for (size_t j = 0; j < 4; j++) lane.val[j] = lane.val[j] + e.val[j];
    }
    const float inverse = 1.0F / gb_fold_row(lane);
    const gb_floats scale = gb_v_fset(inverse);
    for (i = 0; i + 4 <= n; i += 4) gb_v_fstore(x + i, gb_v_fload(x + i) * scale);
    for (; i < n; i++) x[i] = x[i] * inverse;
}

GB_INLINE void silu_some(const float *gate, const float *up, float *y, size_t count) {
    const gb_bytes sign = gb_v_as_bytes(gb_v_fset(-0.0F));
    gb_floats e[GB_EXP_VECTORS];
    for (size_t i = 0; i < count; i++) e[i] = gb_v_as_floats(gb_v_xor(gb_v_as_bytes(gb_v_fload(gate + 4 * i)), sign));
    exp4(e, count);
    for (size_t i = 0; i < count; i++)
        gb_v_fstore(y + 4 * i, (gb_v_fload(gate + 4 * i) / (gb_v_fset(1.0F) + e[i])) * gb_v_fload(up + 4 * i));
}

GB_INLINE void silu_mul(const float *gate, const float *up, float *y, size_t n) {
    const size_t step = 4 * GB_EXP_VECTORS;
    size_t i = 0;
    for (; i + step <= n; i += step) silu_some(gate + i, up + i, y + i, GB_EXP_VECTORS);
    for (; i + 4 <= n; i += 4) silu_some(gate + i, up + i, y + i, 1);
    for (; i < n; i++) y[i] = (gate[i] / (1.0F + gb_exp_f32(-gate[i]))) * up[i];
}

GB_INLINE void add(const float *x, float *y, size_t n) {
    size_t i = 0;
    for (; i + 4 <= n; i += 4) gb_v_fstore(y + i, gb_v_fload(x + i) + gb_v_fload(y + i));
    for (; i < n; i++) y[i] = x[i] + y[i];
}
