/* Signed bytes of the largest magnitude 127: the codes that q8_0 and q8_1 share. */
#ifndef GB_AVX512VNNI_BYTES32_H
#define GB_AVX512VNNI_BYTES32_H

#include <float.h>

#include "kernels/vec64/simd.h"

/* x * id rounded to nearest, ties away from zero, NaN to 0: t = trunc(v), and v - t is exact. */
GB_INLINE __m128i gb_round_away_codes(__m512 x, __m512 id) {
    const __m512 v = _mm512_mul_ps(x, id);
    const __m512i t = _mm512_cvttps_epi32(v);
    const __m512 rest = _mm512_sub_ps(v, _mm512_cvtepi32_ps(t));
    const __mmask16 up = _mm512_cmp_ps_mask(rest, _mm512_set1_ps(0.5F), _CMP_GE_OQ);
    const __mmask16 down = _mm512_cmp_ps_mask(rest, _mm512_set1_ps(-0.5F), _CMP_LE_OQ);
    const __m512i one = _mm512_set1_epi32(1);
    const __m512i q = _mm512_mask_sub_epi32(_mm512_mask_add_epi32(t, up, t, one), down, t, one);
    return _mm512_maskz_cvtepi32_epi8(_mm512_cmp_ps_mask(v, v, _CMP_ORD_Q), q);
}

/* Codes of 32 elements; returns the unrounded scale. */
GB_INLINE float gb_round_bytes32(const float *x, int8_t qs[32]) {
    const __m512 x0 = _mm512_loadu_ps(x);
    const __m512 x1 = _mm512_loadu_ps(x + 16);
    const __m512 largest = gb_max_magnitude(x1, gb_max_magnitude(x0, _mm512_setzero_ps()));
    const float d = _mm512_reduce_max_ps(largest) / 127.0F;
    float id = d != 0.0F ? 1.0F / d : 0.0F;
    if (id > FLT_MAX) id = 0.0F;
    _mm_storeu_si128((__m128i *)qs, gb_round_away_codes(x0, _mm512_set1_ps(id)));
    _mm_storeu_si128((__m128i *)(qs + 16), gb_round_away_codes(x1, _mm512_set1_ps(id)));
    return d;
}

/* x = q * d of one block. */
GB_INLINE void gb_dequantize_bytes32(const int8_t *qs, uint16_t half, float *x) {
    const __m512 d = _mm512_set1_ps(gb_half(half));
    _mm512_storeu_ps(x, _mm512_mul_ps(gb_bytes_to_f32(qs), d));
    _mm512_storeu_ps(x + 16, _mm512_mul_ps(gb_bytes_to_f32(qs + 16), d));
}

#endif
