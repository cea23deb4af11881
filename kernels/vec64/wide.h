/* Sixteen lanes for the searches of kernels/wide/; what each function promises stands in wide/round.h. */
#ifndef GB_VEC64_WIDE_H
#define GB_VEC64_WIDE_H

#include "kernels/vec64/simd.h"

enum { GB_WIDE = 16 };
typedef __m512 gb_wide;
typedef __mmask16 gb_wide_mask;

GB_INLINE gb_wide gb_wide_set(float x) {
    return _mm512_set1_ps(x);
}

GB_INLINE gb_wide gb_wide_load(const float *p) {
    return _mm512_loadu_ps(p);
}

GB_INLINE void gb_wide_store(float *p, gb_wide x) {
    _mm512_storeu_ps(p, x);
}

GB_INLINE gb_wide gb_wide_abs(gb_wide x) {
    return _mm512_abs_ps(x);
}

GB_INLINE gb_wide gb_wide_sqrt(gb_wide x) {
    return _mm512_sqrt_ps(x);
}

GB_INLINE gb_wide_mask gb_wide_less(gb_wide a, gb_wide b) {
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}

GB_INLINE gb_wide_mask gb_wide_equal(gb_wide a, gb_wide b) {
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}

GB_INLINE gb_wide_mask gb_wide_and(gb_wide_mask a, gb_wide_mask b) {
    return _kand_mask16(a, b);
}

GB_INLINE gb_wide_mask gb_wide_or(gb_wide_mask a, gb_wide_mask b) {
    return _kor_mask16(a, b);
}

GB_INLINE gb_wide_mask gb_wide_not(gb_wide_mask a) {
    return _knot_mask16(a);
}

GB_INLINE unsigned gb_wide_bits(gb_wide_mask a) {
    return a;
}

GB_INLINE gb_wide gb_wide_select(gb_wide_mask mask, gb_wide a, gb_wide b) {
    return _mm512_mask_blend_ps(mask, b, a);
}

GB_INLINE gb_wide gb_wide_clamp(gb_wide x, float low, float high) {
    return _mm512_min_ps(_mm512_max_ps(x, _mm512_set1_ps(low)), _mm512_set1_ps(high));
}

GB_INLINE gb_wide gb_wide_round(gb_wide x) {
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

GB_INLINE gb_wide gb_wide_truncate(gb_wide x) {
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}

GB_INLINE gb_wide gb_wide_nearest(gb_wide x) {
    const gb_wide t = x + _mm512_set1_ps(12582912.0F);
    const __m512i low = _mm512_and_si512(_mm512_castps_si512(t), _mm512_set1_epi32(0x7fffff));
    const __m512i whole = _mm512_sub_epi32(low, _mm512_set1_epi32(0x400000));
    return _mm512_maskz_cvtepi32_ps(_mm512_cmp_ps_mask(t, t, _CMP_ORD_Q), whole);
}

GB_INLINE void gb_wide_store_bytes(uint8_t *p, gb_wide x) {
    _mm_storeu_si128((__m128i *)p, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(x)));
}

GB_INLINE float gb_wide_largest(const float *x, size_t n) {
    __m512 m = _mm512_setzero_ps();
    for (size_t i = 0; i < n; i += GB_WIDE) m = gb_max_magnitude(_mm512_loadu_ps(x + i), m);
    return _mm512_reduce_max_ps(m);
}

GB_INLINE void gb_wide_columns(const float *const row[GB_WIDE], size_t n, gb_wide *out) {
    const uint8_t *bytes[GB_WIDE];
    for (size_t r = 0; r < GB_WIDE; r++) bytes[r] = (const uint8_t *)row[r];
    for (size_t i = 0; i < n; i += 4) {
        __m512i v[4];
        gb_load_rows(bytes, 4 * i, v);
        for (size_t j = 0; j < 4; j++) out[i + j] = _mm512_castsi512_ps(v[j]);
    }
}

#endif
