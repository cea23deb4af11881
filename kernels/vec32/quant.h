/* Shared by encoders and decoders: the extreme of a block, small integers to floats. */
#ifndef GB_VEC32_QUANT_H
#define GB_VEC32_QUANT_H

#include "kernels/bytes32.h"
#include "kernels/vec32/simd.h"

/* Largest magnitude of n floats, a multiple of 8 for each of the maxima side by side (at most 4; more than one is worth
 * it from some vectors on). NaN never counts: max returns its second operand then. */
GB_INLINE float gb_largest(const float *x, size_t n, size_t maxima) {
    const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
    __m256 m[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
    for (size_t i = 0; i < n; i += 8 * maxima)
        for (size_t j = 0; j < maxima; j++)
            m[j] = _mm256_max_ps(_mm256_and_ps(_mm256_loadu_ps(x + i + 8 * j), magnitude), m[j]);
    for (size_t j = 1; j < maxima; j++) m[0] = _mm256_max_ps(m[j], m[0]);
    __m128 h = _mm_max_ps(_mm256_castps256_ps128(m[0]), _mm256_extractf128_ps(m[0], 1));
    h = _mm_max_ps(h, _mm_movehl_ps(h, h));
    return _mm_cvtss_f32(_mm_max_ss(h, _mm_movehdup_ps(h)));
}

/* The first element of that magnitude, with its sign; +0 where there is none. */
GB_INLINE float gb_extreme(const float *x, size_t n) {
    const float largest = gb_largest(x, n, n > 32 ? 4 : 1);
    if (largest == 0.0F) return 0.0F;
    const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
    const __m256 want = _mm256_set1_ps(largest);
    for (size_t i = 0; i < n; i += 8) {
        const __m256 a = _mm256_and_ps(_mm256_loadu_ps(x + i), magnitude);
        const int hit = _mm256_movemask_ps(_mm256_cmp_ps(a, want, _CMP_EQ_OQ));
        if (hit) return x[i + (size_t)__builtin_ctz((unsigned)hit)];
    }
    return 0.0F; /* not reached: the largest is one of them */
}

/* Ties away from zero: trunc(v + just under 1/2 with the sign of v); kernels/scalar/bytes32.h says why it is exact. */
GB_INLINE __m256i gb_round_away_codes(const float *x, __m256 id) {
    __m256 v = _mm256_mul_ps(_mm256_loadu_ps(x), id);
    v = _mm256_and_ps(v, _mm256_cmp_ps(v, v, _CMP_ORD_Q)); /* NaN: 0 */
    const __m256 sign = _mm256_and_ps(v, _mm256_set1_ps(-0.0F));
    return _mm256_cvttps_epi32(_mm256_add_ps(v, _mm256_or_ps(sign, _mm256_set1_ps(0x1.fffffep-2F))));
}

/* Codes of 32 elements; returns the unrounded scale. */
GB_INLINE float gb_round_bytes32(const float *x, int8_t qs[32]) {
    const float d = gb_largest(x, 32, 1) / 127.0F;
    const __m256 v = _mm256_set1_ps(gb_finite_or_zero(1.0F / d));
    const __m256i lo = _mm256_packs_epi32(gb_round_away_codes(x, v), gb_round_away_codes(x + 8, v));
    const __m256i hi = _mm256_packs_epi32(gb_round_away_codes(x + 16, v), gb_round_away_codes(x + 24, v));
    gb_store256(qs, gb_pack_order(_mm256_packs_epi16(lo, hi)));
    return d;
}

GB_INLINE __m256 gb_floats8_s8(const int8_t *q) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)q)));
}

/* x = q * d of 32 bytes. */
GB_INLINE void gb_dequantize_bytes32(const int8_t *qs, uint16_t half, float *x) {
    const __m256 d = _mm256_set1_ps(gb_half(half));
    for (size_t j = 0; j < 32; j += 8) _mm256_storeu_ps(x + j, _mm256_mul_ps(gb_floats8_s8(qs + j), d));
}

/* f16 at the same offset of eight rows, as floats. */
GB_INLINE __m256 gb_row_halves8(const char *const row[8], size_t offset) {
    uint16_t h[8];
    for (size_t r = 0; r < 8; r++) h[r] = gb_load_u16(row[r] + offset, 0);
    return _mm256_cvtph_ps(gb_load128(h));
}

#endif
