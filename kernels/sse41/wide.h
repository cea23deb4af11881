/* Four lanes for the searches of kernels/wide/; what each function promises stands in wide/round.h. */
#ifndef GB_SSE41_WIDE_H
#define GB_SSE41_WIDE_H

#include "kernels/sse41/vec16.h"

enum { GB_WIDE = 4 };
typedef __m128 gb_wide;
typedef __m128 gb_wide_mask; /* all bits of a lane or none */

GB_INLINE gb_wide gb_wide_set(float x) {
    return _mm_set1_ps(x);
}

GB_INLINE gb_wide gb_wide_load(const float *p) {
    return _mm_loadu_ps(p);
}

GB_INLINE void gb_wide_store(float *p, gb_wide x) {
    _mm_storeu_ps(p, x);
}

GB_INLINE gb_wide gb_wide_abs(gb_wide x) {
    return gb_sse_abs(x);
}

GB_INLINE gb_wide gb_wide_sqrt(gb_wide x) {
    return _mm_sqrt_ps(x);
}

GB_V_IS(gb_wide, gb_wide_less, _mm_cmplt_ps)
GB_V_IS(gb_wide, gb_wide_equal, _mm_cmpeq_ps)
GB_V_IS(gb_wide_mask, gb_wide_and, _mm_and_ps)
GB_V_IS(gb_wide_mask, gb_wide_or, _mm_or_ps)

GB_INLINE gb_wide_mask gb_wide_not(gb_wide_mask a) {
    return _mm_xor_ps(a, _mm_castsi128_ps(_mm_set1_epi32(-1)));
}

GB_INLINE unsigned gb_wide_bits(gb_wide_mask a) {
    return (unsigned)_mm_movemask_ps(a);
}

GB_INLINE gb_wide gb_wide_select(gb_wide_mask mask, gb_wide a, gb_wide b) {
    return _mm_blendv_ps(b, a, mask);
}

GB_INLINE gb_wide gb_wide_clamp(gb_wide x, float low, float high) {
    return _mm_min_ps(_mm_max_ps(x, _mm_set1_ps(low)), _mm_set1_ps(high));
}

GB_INLINE gb_wide gb_wide_round(gb_wide x) {
    return _mm_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

GB_INLINE gb_wide gb_wide_truncate(gb_wide x) {
    return _mm_round_ps(x, _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC);
}

GB_INLINE gb_wide gb_wide_nearest(gb_wide x) {
    return _mm_cvtepi32_ps(gb_v_nearest_int(x));
}

GB_INLINE void gb_wide_store_bytes(uint8_t *p, gb_wide x) {
    const __m128i first = _mm_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    const int four = _mm_cvtsi128_si32(_mm_shuffle_epi8(_mm_cvtps_epi32(x), first));
    memcpy(p, &four, sizeof four);
}

GB_INLINE float gb_wide_largest(const float *x, size_t n) {
    return gb_v_magnitude(x, n);
}

GB_INLINE void gb_wide_columns(const float *const row[GB_WIDE], size_t n, gb_wide *out) {
    for (size_t i = 0; i < n; i += GB_WIDE) {
        const __m128 a = _mm_unpacklo_ps(_mm_loadu_ps(row[0] + i), _mm_loadu_ps(row[1] + i));
        const __m128 b = _mm_unpackhi_ps(_mm_loadu_ps(row[0] + i), _mm_loadu_ps(row[1] + i));
        const __m128 c = _mm_unpacklo_ps(_mm_loadu_ps(row[2] + i), _mm_loadu_ps(row[3] + i));
        const __m128 d = _mm_unpackhi_ps(_mm_loadu_ps(row[2] + i), _mm_loadu_ps(row[3] + i));
        out[i] = _mm_movelh_ps(a, c);
        out[i + 1] = _mm_movehl_ps(c, a);
        out[i + 2] = _mm_movelh_ps(b, d);
        out[i + 3] = _mm_movehl_ps(d, b);
    }
}

#endif
