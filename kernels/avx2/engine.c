/* Float operations of the engine, AVX2. Multiply and add are rounded separately everywhere. */
#include "kernels/engine.h"
#include "kernels/avx2/rows.h"
#include "reference/math.h"

enum { GB_EXP_VECTORS = 2 };

GB_INLINE __m256 mul_add(__m256 x, __m256 y, float c) {
    return _mm256_add_ps(_mm256_mul_ps(x, y), _mm256_set1_ps(c));
}

/* gb_exp_f32 on `count` vectors, step by step: one alone is a chain of operations that leaves the machine idle. max and
 * min return their second operand if one is NaN, so that it passes through. */
GB_INLINE void exp8(__m256 *x, size_t count) {
    static const float c[6] = {GB_EXP_C5, GB_EXP_C4, GB_EXP_C3, GB_EXP_C2, 1.0F, 1.0F};
    const __m256 magic = _mm256_set1_ps(GB_EXP_MAGIC);
    const __m256i bias = _mm256_set1_epi32(127);
    __m256 n[GB_EXP_VECTORS];
    __m256 p[GB_EXP_VECTORS];
    for (size_t i = 0; i < count; i++) {
        x[i] = _mm256_min_ps(_mm256_set1_ps(GB_EXP_MAX), _mm256_max_ps(_mm256_set1_ps(GB_EXP_MIN), x[i]));
        const __m256 scaled = _mm256_mul_ps(x[i], _mm256_set1_ps(GB_EXP_LOG2E));
        n[i] = _mm256_sub_ps(_mm256_add_ps(scaled, magic), magic);
    }
    for (size_t i = 0; i < count; i++) {
        x[i] = _mm256_sub_ps(x[i], _mm256_mul_ps(n[i], _mm256_set1_ps(GB_EXP_LN2_HI)));
        x[i] = _mm256_sub_ps(x[i], _mm256_mul_ps(n[i], _mm256_set1_ps(GB_EXP_LN2_LO)));
        p[i] = _mm256_set1_ps(GB_EXP_C6);
    }
    for (size_t j = 0; j < 6; j++)
        for (size_t i = 0; i < count; i++) p[i] = mul_add(p[i], x[i], c[j]);
    for (size_t i = 0; i < count; i++) {
        const __m256i k = _mm256_cvttps_epi32(n[i]);
        const __m256i k1 = _mm256_srai_epi32(k, 1);
        const __m256i two1 = _mm256_slli_epi32(_mm256_add_epi32(k1, bias), 23);
        const __m256i two2 = _mm256_slli_epi32(_mm256_add_epi32(_mm256_sub_epi32(k, k1), bias), 23);
        x[i] = _mm256_mul_ps(_mm256_mul_ps(p[i], _mm256_castsi256_ps(two1)), _mm256_castsi256_ps(two2));
    }
}

void gb_f32_rmsnorm_avx2(const float *x, const float *w, float *y, size_t n, float eps) {
    const float scale = 1.0F / sqrtf(gb_f32_dot_avx2(x, x, n) / (float)n + eps);
    const __m256 s = _mm256_set1_ps(scale);
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        _mm256_storeu_ps(y + i, _mm256_mul_ps(_mm256_mul_ps(_mm256_loadu_ps(x + i), s), _mm256_loadu_ps(w + i)));
    for (; i < n; i++) y[i] = (x[i] * scale) * w[i];
}

/* Four pairs a vector: (re * c - im * s, im * c + re * s) is one addsub. */
void gb_f32_rope_avx2(float *x, size_t heads, size_t head_dim, size_t n_rot, const float *cs) {
    for (size_t h = 0; h < heads; h++, x += head_dim) {
        size_t i = 0;
        for (; i + 8 <= n_rot; i += 8) {
            const __m256 v = _mm256_loadu_ps(x + i);
            const __m256 angle = _mm256_loadu_ps(cs + i);
            const __m256 by_cos = _mm256_mul_ps(v, _mm256_moveldup_ps(angle));
            const __m256 by_sin = _mm256_mul_ps(_mm256_permute_ps(v, 0xb1), _mm256_movehdup_ps(angle));
            _mm256_storeu_ps(x + i, _mm256_addsub_ps(by_cos, by_sin));
        }
        gb_rotate_rest(x, i, n_rot, cs);
    }
}

/* Maximum that skips NaN: max returns its second operand then. Which of +0 and -0 it finds does not matter, as
 * exp(x - max) is the same for both. */
static float row_max(const float *x, size_t n) {
    __m256 m = _mm256_set1_ps(-INFINITY);
    size_t i = 0;
    if (n >= 32) { /* four chains: one maximum takes as long as four */
        __m256 four[4] = {m, m, m, m};
        for (; i + 32 <= n; i += 32)
            for (size_t j = 0; j < 4; j++) four[j] = _mm256_max_ps(_mm256_loadu_ps(x + i + 8 * j), four[j]);
        m = _mm256_max_ps(_mm256_max_ps(four[0], four[1]), _mm256_max_ps(four[2], four[3]));
    }
    for (; i + 8 <= n; i += 8) m = _mm256_max_ps(_mm256_loadu_ps(x + i), m);
    __m128 h = _mm_max_ps(_mm256_castps256_ps128(m), _mm256_extractf128_ps(m, 1));
    h = _mm_max_ps(h, _mm_movehl_ps(h, h));
    float max = _mm_cvtss_f32(_mm_max_ss(h, _mm_movehdup_ps(h)));
    for (; i < n; i++) max = x[i] > max ? x[i] : max;
    return max;
}

/* exp(x - max) of the sixteen elements or `count` < 16, in place and into the lane sums. The other lanes are neither
 * read nor written and add +0, which changes no lane: a sum of exponentials is never -0. Masked stores are slow on some
 * machines: only the end of a row pays for them. */
GB_INLINE void exp_sum(float *x, size_t count, __m256 max, __m256 lane[2]) {
    __m256i mask[2];
    __m256 e[2];
    for (size_t h = 0; h < 2; h++) {
        mask[h] = gb_lane_mask((ptrdiff_t)count - 8 * (ptrdiff_t)h);
        const __m256 v = count == GB_LANES ? _mm256_loadu_ps(x + 8 * h) : _mm256_maskload_ps(x + 8 * h, mask[h]);
        e[h] = _mm256_sub_ps(v, max);
    }
    exp8(e, 2);
    for (size_t h = 0; h < 2; h++) {
        if (count == GB_LANES)
            _mm256_storeu_ps(x + 8 * h, e[h]);
        else
            _mm256_maskstore_ps(x + 8 * h, mask[h], e[h]);
        lane[h] = _mm256_add_ps(lane[h], count == GB_LANES ? e[h] : _mm256_and_ps(e[h], _mm256_castsi256_ps(mask[h])));
    }
}

void gb_f32_softmax_avx2(float *x, size_t n) {
    const __m256 max = _mm256_set1_ps(row_max(x, n));
    __m256 lane[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    size_t i = 0;
    for (; i + GB_LANES <= n; i += GB_LANES) exp_sum(x + i, GB_LANES, max, lane);
    if (i < n) exp_sum(x + i, n - i, max, lane);
    const float inverse = 1.0F / gb_fold(lane[0], lane[1]);
    const __m256 scale = _mm256_set1_ps(inverse);
    for (i = 0; i + 8 <= n; i += 8) _mm256_storeu_ps(x + i, _mm256_mul_ps(_mm256_loadu_ps(x + i), scale));
    for (; i < n; i++) x[i] = x[i] * inverse;
}

GB_INLINE void silu_mul8(__m256 *gate, const __m256 *up, size_t count) {
    __m256 e[GB_EXP_VECTORS];
    for (size_t i = 0; i < count; i++) e[i] = _mm256_xor_ps(gate[i], _mm256_set1_ps(-0.0F));
    exp8(e, count);
    for (size_t i = 0; i < count; i++)
        gate[i] = _mm256_mul_ps(_mm256_div_ps(gate[i], _mm256_add_ps(_mm256_set1_ps(1.0F), e[i])), up[i]);
}

void gb_f32_silu_mul_avx2(const float *gate, const float *up, float *y, size_t n) {
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m256 v[2] = {_mm256_loadu_ps(gate + i), _mm256_loadu_ps(gate + i + 8)};
        silu_mul8(v, (const __m256[2]){_mm256_loadu_ps(up + i), _mm256_loadu_ps(up + i + 8)}, 2);
        _mm256_storeu_ps(y + i, v[0]);
        _mm256_storeu_ps(y + i + 8, v[1]);
    }
    for (; i < n; i += 8) {
        const __m256i mask = gb_lane_mask((ptrdiff_t)(n - i));
        __m256 v = _mm256_maskload_ps(gate + i, mask);
        const __m256 u = _mm256_maskload_ps(up + i, mask);
        silu_mul8(&v, &u, 1);
        _mm256_maskstore_ps(y + i, mask, v);
    }
}

void gb_f32_add_avx2(const float *x, float *y, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) _mm256_storeu_ps(y + i, _mm256_add_ps(_mm256_loadu_ps(x + i), _mm256_loadu_ps(y + i)));
    for (; i < n; i++) y[i] = x[i] + y[i];
}

static size_t find(const float *x, size_t n, float value) {
    const __m256 wanted = _mm256_set1_ps(value);
    for (size_t i = 0; i < n; i += 8) {
        const __m256 v = _mm256_maskload_ps(x + i, gb_lane_mask((ptrdiff_t)(n - i)));
        const int equal = _mm256_movemask_ps(_mm256_cmp_ps(v, wanted, _CMP_EQ_OQ));
        const size_t at = equal ? i + (size_t)__builtin_ctz((unsigned)equal) : n;
        if (at < n) return at; /* not a lane past the end, which is zero */
    }
    return n;
}

GB_ARGMAX_KERNEL(avx2, row_max, find)
