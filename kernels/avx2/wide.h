/* Eight lanes for the searches of kernels/wide/; what each function promises stands in wide/round.h. */
#ifndef GB_AVX2_WIDE_H
#define GB_AVX2_WIDE_H

#include "kernels/vec32/quant.h"

enum { GB_WIDE = 8 };
typedef __m256 gb_wide;
typedef __m256i gb_wide_mask; /* all bits of a lane or none */

GB_INLINE gb_wide gb_wide_set(float x) {
    return _mm256_set1_ps(x);
}

GB_INLINE gb_wide gb_wide_load(const float *p) {
    return _mm256_loadu_ps(p);
}

GB_INLINE void gb_wide_store(float *p, gb_wide x) {
    _mm256_storeu_ps(p, x);
}

GB_INLINE gb_wide gb_wide_abs(gb_wide x) {
    return _mm256_and_ps(x, _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff)));
}

GB_INLINE gb_wide gb_wide_sqrt(gb_wide x) {
    return _mm256_sqrt_ps(x);
}

GB_INLINE gb_wide_mask gb_wide_less(gb_wide a, gb_wide b) {
    return _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_LT_OQ));
}

GB_INLINE gb_wide_mask gb_wide_equal(gb_wide a, gb_wide b) {
    return _mm256_castps_si256(_mm256_cmp_ps(a, b, _CMP_EQ_OQ));
}

GB_INLINE gb_wide_mask gb_wide_and(gb_wide_mask a, gb_wide_mask b) {
    return _mm256_and_si256(a, b);
}

GB_INLINE gb_wide_mask gb_wide_or(gb_wide_mask a, gb_wide_mask b) {
    return _mm256_or_si256(a, b);
}

GB_INLINE gb_wide_mask gb_wide_not(gb_wide_mask a) {
    return _mm256_xor_si256(a, _mm256_set1_epi32(-1));
}

GB_INLINE unsigned gb_wide_bits(gb_wide_mask a) {
    return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(a));
}

GB_INLINE gb_wide gb_wide_select(gb_wide_mask mask, gb_wide a, gb_wide b) {
    return _mm256_blendv_ps(b, a, _mm256_castsi256_ps(mask));
}

GB_INLINE gb_wide gb_wide_clamp(gb_wide x, float low, float high) {
    return _mm256_min_ps(_mm256_max_ps(x, _mm256_set1_ps(low)), _mm256_set1_ps(high));
}

GB_INLINE gb_wide gb_wide_round(gb_wide x) {
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

GB_INLINE gb_wide gb_wide_truncate(gb_wide x) {
    return _mm256_round_ps(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}

GB_INLINE gb_wide gb_wide_nearest(gb_wide x) {
    const gb_wide t = x + _mm256_set1_ps(12582912.0F);
    const __m256i low = _mm256_and_si256(_mm256_castps_si256(t), _mm256_set1_epi32(0x7fffff));
    const __m256 whole = _mm256_cvtepi32_ps(_mm256_sub_epi32(low, _mm256_set1_epi32(0x400000)));
    return _mm256_and_ps(whole, _mm256_cmp_ps(t, t, _CMP_ORD_Q));
}

GB_INLINE void gb_wide_store_bytes(uint8_t *p, gb_wide x) {
    const __m256i first = _mm256_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, /* upper half */
                                           0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m256i bytes = _mm256_shuffle_epi8(_mm256_cvtps_epi32(x), first);
    const __m128i both = _mm_unpacklo_epi32(_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1));
    _mm_storel_epi64((__m128i *)p, both);
}

GB_INLINE float gb_wide_largest(const float *x, size_t n) {
    return gb_largest(x, n, n > 32 ? 4 : 1);
}

GB_INLINE void gb_wide_columns(const float *const row[GB_WIDE], size_t n, gb_wide *out) {
    for (size_t i = 0; i < n; i += GB_WIDE) {
        for (size_t r = 0; r < GB_WIDE; r++) out[i + r] = _mm256_loadu_ps(row[r] + i);
        gb_transpose8(out + i);
    }
}

#endif
