/* Float operations of the engine, AVX2. Multiply and add are rounded separately everywhere. */
#include <math.h>

#include "kernels/avx2/rows.h"
#include "reference/math.h"

GB_INLINE __m256 mul_add(__m256 x, __m256 y, float c) {
    return _mm256_add_ps(_mm256_mul_ps(x, y), _mm256_set1_ps(c));
}

/* gb_exp_f32, eight at a time. */
GB_INLINE __m256 exp8(__m256 x) {
    const __m256 nan = _mm256_cmp_ps(x, x, _CMP_UNORD_Q);
    const __m256 magic = _mm256_set1_ps(GB_EXP_MAGIC);
    const __m256 v = _mm256_min_ps(_mm256_max_ps(x, _mm256_set1_ps(GB_EXP_MIN)), _mm256_set1_ps(GB_EXP_MAX));
    const __m256 n = _mm256_sub_ps(_mm256_add_ps(_mm256_mul_ps(v, _mm256_set1_ps(GB_EXP_LOG2E)), magic), magic);
    __m256 r = _mm256_sub_ps(v, _mm256_mul_ps(n, _mm256_set1_ps(GB_EXP_LN2_HI)));
    r = _mm256_sub_ps(r, _mm256_mul_ps(n, _mm256_set1_ps(GB_EXP_LN2_LO)));
    __m256 p = mul_add(_mm256_set1_ps(GB_EXP_C6), r, GB_EXP_C5);
    p = mul_add(p, r, GB_EXP_C4);
    p = mul_add(p, r, GB_EXP_C3);
    p = mul_add(p, r, GB_EXP_C2);
    p = mul_add(p, r, 1.0F);
    p = mul_add(p, r, 1.0F);
    const __m256i k = _mm256_cvttps_epi32(n);
    const __m256i k1 = _mm256_srai_epi32(k, 1);
    const __m256i bias = _mm256_set1_epi32(127);
    const __m256i two1 = _mm256_slli_epi32(_mm256_add_epi32(k1, bias), 23);
    const __m256i two2 = _mm256_slli_epi32(_mm256_add_epi32(_mm256_sub_epi32(k, k1), bias), 23);
    p = _mm256_mul_ps(_mm256_mul_ps(p, _mm256_castsi256_ps(two1)), _mm256_castsi256_ps(two2));
    return _mm256_blendv_ps(p, x, nan);
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
        for (; i + 1 < n_rot; i += 2) {
            const float re = x[i];
            const float im = x[i + 1];
            x[i] = re * cs[i] - im * cs[i + 1];
            x[i + 1] = re * cs[i + 1] + im * cs[i];
        }
    }
}

/* Maximum that skips NaN: max returns its second operand then. Which of +0 and -0 it finds does not matter, as
 * exp(x - max) is the same for both. */
static float row_max(const float *x, size_t n) {
    __m256 m = _mm256_set1_ps(-INFINITY);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) m = _mm256_max_ps(_mm256_loadu_ps(x + i), m);
    __m128 h = _mm_max_ps(_mm256_castps256_ps128(m), _mm256_extractf128_ps(m, 1));
    h = _mm_max_ps(h, _mm_movehl_ps(h, h));
    float max = _mm_cvtss_f32(_mm_max_ss(h, _mm_movehdup_ps(h)));
    for (; i < n; i++) max = x[i] > max ? x[i] : max;
    return max;
}

/* exp(x - max) of eight elements in place and into a lane sum; lanes outside the mask are neither read nor written and
 * add +0, which changes no lane: a sum of exponentials is never -0. */
GB_INLINE __m256 exp_sum8(float *x, __m256i mask, __m256 max, __m256 lane) {
    const __m256 e = exp8(_mm256_sub_ps(_mm256_maskload_ps(x, mask), max));
    _mm256_maskstore_ps(x, mask, e);
    return _mm256_add_ps(lane, _mm256_and_ps(e, _mm256_castsi256_ps(mask)));
}

void gb_f32_softmax_avx2(float *x, size_t n) {
    const __m256 max = _mm256_set1_ps(row_max(x, n));
    __m256 low = _mm256_setzero_ps();
    __m256 high = _mm256_setzero_ps();
    for (size_t i = 0; i < n; i += GB_LANES) {
        low = exp_sum8(x + i, gb_lane_mask((ptrdiff_t)(n - i)), max, low);
        if (n - i > 8) high = exp_sum8(x + i + 8, gb_lane_mask((ptrdiff_t)(n - i) - 8), max, high);
    }
    const float inverse = 1.0F / gb_fold(low, high);
    const __m256 scale = _mm256_set1_ps(inverse);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) _mm256_storeu_ps(x + i, _mm256_mul_ps(_mm256_loadu_ps(x + i), scale));
    for (; i < n; i++) x[i] = x[i] * inverse;
}

void gb_f32_silu_mul_avx2(const float *gate, const float *up, float *y, size_t n) {
    for (size_t i = 0; i < n; i += 8) {
        const __m256i mask = gb_lane_mask((ptrdiff_t)(n - i));
        const __m256 v = _mm256_maskload_ps(gate + i, mask);
        const __m256 e = exp8(_mm256_xor_ps(v, _mm256_set1_ps(-0.0F)));
        const __m256 silu = _mm256_div_ps(v, _mm256_add_ps(_mm256_set1_ps(1.0F), e));
        _mm256_maskstore_ps(y + i, mask, _mm256_mul_ps(silu, _mm256_maskload_ps(up + i, mask)));
    }
}

void gb_f32_add_avx2(const float *x, float *y, size_t n) {
    size_t i = 0;
    for (; i + 8 <= n; i += 8) _mm256_storeu_ps(y + i, _mm256_add_ps(_mm256_loadu_ps(x + i), _mm256_loadu_ps(y + i)));
    for (; i < n; i++) y[i] = x[i] + y[i];
}
