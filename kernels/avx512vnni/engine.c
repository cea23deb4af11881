/* Float operations of the engine: sixteen elements at a time, each with the reference's operations in its order. Tails
 * are masked; masked lanes read as zero. */
#include <math.h>

#include "kernels/avx512vnni/lanes16.h"
#include "reference/math.h"

/* gb_exp_f32 on sixteen lanes. The operand order of min and max makes a NaN pass through, as the reference's does. */
static inline __m512 exp16(__m512 x) {
    x = _mm512_max_ps(_mm512_set1_ps(GB_EXP_MIN), x);
    x = _mm512_min_ps(_mm512_set1_ps(GB_EXP_MAX), x);
    const __m512 magic = _mm512_set1_ps(GB_EXP_MAGIC);
    const __m512 scaled = _mm512_mul_ps(x, _mm512_set1_ps(GB_EXP_LOG2E));
    const __m512 n = _mm512_sub_ps(_mm512_add_ps(scaled, magic), magic);
    __m512 r = _mm512_sub_ps(x, _mm512_mul_ps(n, _mm512_set1_ps(GB_EXP_LN2_HI)));
    r = _mm512_sub_ps(r, _mm512_mul_ps(n, _mm512_set1_ps(GB_EXP_LN2_LO)));
    static const float c[6] = {GB_EXP_C5, GB_EXP_C4, GB_EXP_C3, GB_EXP_C2, 1.0F, 1.0F};
    __m512 p = _mm512_set1_ps(GB_EXP_C6);
    GB_UNROLL
    for (size_t i = 0; i < 6; i++) p = gb_madd_separate(p, r, _mm512_set1_ps(c[i]));
    const __m512i k = _mm512_cvttps_epi32(n);
    const __m512i k1 = _mm512_srai_epi32(k, 1);
    const __m512i k2 = _mm512_sub_epi32(k, k1);
    const __m512i bias = _mm512_set1_epi32(127);
    const __m512 s1 = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(k1, bias), 23));
    const __m512 s2 = _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_add_epi32(k2, bias), 23));
    const __m512 e = _mm512_mul_ps(_mm512_mul_ps(p, s1), s2);
    return _mm512_mask_mov_ps(e, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), x);
}

void gb_f32_rmsnorm_avx512vnni(const float *x, const float *w, float *y, size_t n, float eps) {
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

/* re * cos - im * sin in even, im * cos + re * sin in odd lanes. */
void gb_f32_rope_avx512vnni(float *x, size_t heads, size_t head_dim, size_t n_rot, const float *cs) {
    const size_t n = n_rot / 2 * 2;
    for (size_t h = 0; h < heads; h++, x += head_dim) {
        for (size_t i = 0; i < n; i += 16) {
            const __mmask16 lanes = gb_lanes(n - i);
            const __m512 v = _mm512_maskz_loadu_ps(lanes, x + i);
            const __m512 angle = _mm512_maskz_loadu_ps(lanes, cs + i);
            const __m512 direct = _mm512_mul_ps(v, _mm512_moveldup_ps(angle));
            const __m512 crossed = _mm512_mul_ps(_mm512_permute_ps(v, 0xb1), _mm512_movehdup_ps(angle));
            const __m512 sum = _mm512_add_ps(direct, crossed);
            _mm512_mask_storeu_ps(x + i, lanes, _mm512_mask_sub_ps(sum, 0x5555, direct, crossed));
        }
    }
}

/* x > m ? x : m per lane, which is what vmaxps computes, NaN and signed zeros included; masked lanes keep m. */
static float lane_max(const float *x, size_t n) {
    __m512 m = _mm512_set1_ps(-INFINITY);
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 lanes = gb_lanes(n - i);
        m = _mm512_mask_max_ps(m, lanes, _mm512_maskz_loadu_ps(lanes, x + i), m);
    }
    const __m256 a = _mm256_max_ps(_mm512_castps512_ps256(m), _mm512_extractf32x8_ps(m, 1));
    const __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    const __m128 c = _mm_max_ps(b, _mm_movehl_ps(b, b));
    return _mm_cvtss_f32(_mm_max_ss(c, _mm_movehdup_ps(c)));
}

void gb_f32_softmax_avx512vnni(float *x, size_t n) {
    const __m512 max = _mm512_set1_ps(lane_max(x, n));
    __m512 lane = _mm512_setzero_ps();
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 lanes = gb_lanes(n - i);
        const __m512 e = exp16(_mm512_sub_ps(_mm512_maskz_loadu_ps(lanes, x + i), max));
        _mm512_mask_storeu_ps(x + i, lanes, e);
        lane = _mm512_mask_add_ps(lane, lanes, lane, e);
    }
    const __m512 inverse = _mm512_set1_ps(1.0F / gb_fold(lane));
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 lanes = gb_lanes(n - i);
        _mm512_mask_storeu_ps(x + i, lanes, _mm512_mul_ps(_mm512_maskz_loadu_ps(lanes, x + i), inverse));
    }
}

void gb_f32_silu_mul_avx512vnni(const float *gate, const float *up, float *y, size_t n) {
    const __m512 one = _mm512_set1_ps(1.0F);
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 lanes = gb_lanes(n - i);
        const __m512 v = _mm512_maskz_loadu_ps(lanes, gate + i);
        const __m512 e = exp16(_mm512_xor_ps(v, _mm512_set1_ps(-0.0F)));
        const __m512 silu = _mm512_div_ps(v, _mm512_add_ps(one, e));
        _mm512_mask_storeu_ps(y + i, lanes, _mm512_mul_ps(silu, _mm512_maskz_loadu_ps(lanes, up + i)));
    }
}

void gb_f32_add_avx512vnni(const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i += 16) {
        const __mmask16 lanes = gb_lanes(n - i);
        const __m512 sum = _mm512_add_ps(_mm512_maskz_loadu_ps(lanes, x + i), _mm512_maskz_loadu_ps(lanes, y + i));
        _mm512_mask_storeu_ps(y + i, lanes, sum);
    }
}
