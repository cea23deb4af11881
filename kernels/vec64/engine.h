/* Float operations of the engine in vectors of 64 bytes: sixteen elements at a time, each with the reference's
 * operations in its order. Tails are masked; masked lanes read as zero. */
#include "kernels/engine.h"
#include "kernels/vec64/lanes16.h"
#include "reference/math.h"

enum { GB_EXP_VECTORS = 4 };

/* gb_exp_f32 on `count` vectors, step by step: one alone is a chain of twenty operations that leaves the machine idle.
 * The operand order of min and max makes a NaN pass through, as the reference's does. vscalefps multiplies by 2^n with
 * one rounding; of the reference's two products the first is exact. */
GB_INLINE void exp16(__m512 *x, size_t count) {
    static const float c[6] = {GB_EXP_C5, GB_EXP_C4, GB_EXP_C3, GB_EXP_C2, 1.0F, 1.0F};
    const __m512 magic = _mm512_set1_ps(GB_EXP_MAGIC);
    __m512 n[GB_EXP_VECTORS];
    __m512 p[GB_EXP_VECTORS];
    GB_UNROLL
    for (size_t i = 0; i < count; i++) {
        x[i] = _mm512_min_ps(_mm512_set1_ps(GB_EXP_MAX), _mm512_max_ps(_mm512_set1_ps(GB_EXP_MIN), x[i]));
        const __m512 scaled = _mm512_mul_ps(x[i], _mm512_set1_ps(GB_EXP_LOG2E));
        n[i] = _mm512_sub_ps(_mm512_add_ps(scaled, magic), magic);
    }
    GB_UNROLL
    for (size_t i = 0; i < count; i++) {
        x[i] = _mm512_sub_ps(x[i], _mm512_mul_ps(n[i], _mm512_set1_ps(GB_EXP_LN2_HI)));
        x[i] = _mm512_sub_ps(x[i], _mm512_mul_ps(n[i], _mm512_set1_ps(GB_EXP_LN2_LO)));
        p[i] = _mm512_set1_ps(GB_EXP_C6);
    }
    GB_UNROLL
    for (size_t j = 0; j < 6; j++) {
        GB_UNROLL
        for (size_t i = 0; i < count; i++) p[i] = gb_madd_separate(p[i], x[i], _mm512_set1_ps(c[j]));
    }
    GB_UNROLL
    for (size_t i = 0; i < count; i++) x[i] = _mm512_scalef_ps(p[i], n[i]);
}

GB_INLINE void rmsnorm(const float *x, const float *w, float *y, size_t n, float eps) {
    __m512 lane = _mm512_setzero_ps();
    for (size_t i = 0; i < n; i += 16) {
        const __m512 v = _mm512_maskz_loadu_ps(gb_lanes(n - i), x + i);
        lane = gb_madd_separate(v, v, lane);
    }
    const float mean = gb_fold(lane) / (float)n;
    const __m512 scale = _mm512_set1_ps(1.0F / sqrtf(mean + eps));
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 lanes = gb_lanes(n - i);
        const __m512 v = _mm512_mul_ps(_mm512_maskz_loadu_ps(lanes, x + i), scale);
        _mm512_mask_storeu_ps(y + i, lanes, _mm512_mul_ps(v, _mm512_maskz_loadu_ps(lanes, w + i)));
    }
}

/* Sixteen floats: re * cos - im * sin in even, im * cos + re * sin in odd lanes. The product with 1 is exact, so that
 * the instruction only adds and subtracts. */
GB_INLINE __m512 rotated(__m512 v, __m512 cosine, __m512 sine) {
    const __m512 crossed = _mm512_mul_ps(_mm512_permute_ps(v, 0xb1), sine);
    return _mm512_fmaddsub_ps(_mm512_mul_ps(v, cosine), _mm512_set1_ps(1.0F), crossed);
}

/* All heads with the same angles, which are spread once. */
GB_INLINE void rope(float *x, size_t heads, size_t head_dim, size_t n_rot, const float *cs) {
    const size_t n = n_rot / 2 * 2;
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 lanes = gb_lanes(n - i);
        const __m512 angle = _mm512_maskz_loadu_ps(lanes, cs + i);
        const __m512 cosine = _mm512_moveldup_ps(angle);
        const __m512 sine = _mm512_movehdup_ps(angle);
        float *at = x + i;
        if (n - i >= 16) {
            for (size_t h = 0; h < heads; h++, at += head_dim)
                _mm512_storeu_ps(at, rotated(_mm512_loadu_ps(at), cosine, sine));
        } else {
            for (size_t h = 0; h < heads; h++, at += head_dim)
                _mm512_mask_storeu_ps(at, lanes, rotated(_mm512_maskz_loadu_ps(lanes, at), cosine, sine));
        }
    }
}

/* x > m ? x : m per lane, which is what vmaxps computes, NaN and signed zeros included; masked lanes keep m. */
static float row_max(const float *x, size_t n) {
    __m512 m = _mm512_set1_ps(-INFINITY);
    size_t i = 0;
    if (n >= 64) { /* four chains: one maximum takes as long as four */
        __m512 four[4] = {m, m, m, m};
        for (; i + 64 <= n; i += 64) {
            GB_UNROLL
            for (size_t j = 0; j < 4; j++) four[j] = _mm512_max_ps(_mm512_loadu_ps(x + i + 16 * j), four[j]);
        }
        m = _mm512_max_ps(_mm512_max_ps(four[0], four[1]), _mm512_max_ps(four[2], four[3]));
    }
    for (; i < n; i += 16) {
        const __mmask16 lanes = gb_lanes(n - i);
        m = _mm512_mask_max_ps(m, lanes, _mm512_maskz_loadu_ps(lanes, x + i), m);
    }
    const __m256 a = _mm256_max_ps(_mm512_castps512_ps256(m), _mm512_extractf32x8_ps(m, 1));
    const __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 c = _mm_max_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_max_ss(c, _mm_movehdup_ps(c)));
}

/* exp(x - max) of whole vectors in place and into the lane sum. */
GB_INLINE __m512 exp_sum(float *x, size_t count, __m512 max, __m512 lane) {
    __m512 e[GB_EXP_VECTORS];
    GB_UNROLL
    for (size_t i = 0; i < count; i++) e[i] = _mm512_sub_ps(_mm512_loadu_ps(x + 16 * i), max);
    exp16(e, count);
    GB_UNROLL
    for (size_t i = 0; i < count; i++) {
        _mm512_storeu_ps(x + 16 * i, e[i]);
        lane = _mm512_add_ps(lane, e[i]);
    }
    return lane;
}

GB_INLINE void softmax(float *x, size_t n) {
    const __m512 max = _mm512_set1_ps(row_max(x, n));
    __m512 lane = _mm512_setzero_ps();
    size_t i = 0;
    for (; i + 16 * GB_EXP_VECTORS <= n; i += 16 * GB_EXP_VECTORS) lane = exp_sum(x + i, GB_EXP_VECTORS, max, lane);
    for (; i + 16 <= n; i += 16) lane = exp_sum(x + i, 1, max, lane);
    if (i < n) {
        const __mmask16 lanes = gb_lanes(n - i);
        __m512 e = _mm512_sub_ps(_mm512_maskz_loadu_ps(lanes, x + i), max);
        exp16(&e, 1);
        _mm512_mask_storeu_ps(x + i, lanes, e);
        lane = _mm512_mask_add_ps(lane, lanes, lane, e);
    }
    const __m512 inverse = _mm512_set1_ps(1.0F / gb_fold(lane));
    for (i = 0; i < n; i += 16) {
        const __mmask16 lanes = gb_lanes(n - i);
        _mm512_mask_storeu_ps(x + i, lanes, _mm512_mul_ps(_mm512_maskz_loadu_ps(lanes, x + i), inverse));
    }
}

/* Vectors of the row, the last one masked. */
GB_INLINE void silu_some(const float *gate, const float *up, float *y, size_t count, __mmask16 last) {
    const __m512 one = _mm512_set1_ps(1.0F);
    __m512 v[GB_EXP_VECTORS];
    __m512 e[GB_EXP_VECTORS];
    GB_UNROLL
    for (size_t i = 0; i < count; i++) {
        v[i] = _mm512_maskz_loadu_ps(i + 1 < count ? 0xffff : last, gate + 16 * i);
        e[i] = _mm512_xor_ps(v[i], _mm512_set1_ps(-0.0F));
    }
    exp16(e, count);
    GB_UNROLL
    for (size_t i = 0; i < count; i++) {
        const __mmask16 lanes = i + 1 < count ? 0xffff : last;
        const __m512 silu = _mm512_div_ps(v[i], _mm512_add_ps(one, e[i]));
        _mm512_mask_storeu_ps(y + 16 * i, lanes, _mm512_mul_ps(silu, _mm512_maskz_loadu_ps(lanes, up + 16 * i)));
    }
}

GB_INLINE void silu_mul(const float *gate, const float *up, float *y, size_t n) {
    size_t i = 0;
    for (; i + 16 * GB_EXP_VECTORS <= n; i += 16 * GB_EXP_VECTORS)
        silu_some(gate + i, up + i, y + i, GB_EXP_VECTORS, 0xffff);
    for (; i < n; i += 16) silu_some(gate + i, up + i, y + i, 1, gb_lanes(n - i));
}

GB_INLINE void add(const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 lanes = gb_lanes(n - i);
        const __m512 sum = _mm512_add_ps(_mm512_maskz_loadu_ps(lanes, x + i), _mm512_maskz_loadu_ps(lanes, y + i));
        _mm512_mask_storeu_ps(y + i, lanes, sum);
    }
}

static size_t find(const float *x, size_t n, float value) {
    const __m512 wanted = _mm512_set1_ps(value);
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 lanes = gb_lanes(n - i);
        const __mmask16 equal = _mm512_mask_cmp_ps_mask(lanes, _mm512_maskz_loadu_ps(lanes, x + i), wanted, _CMP_EQ_OQ);
        if (equal) return i + (size_t)__builtin_ctz(equal);
    }
    return n;
}
