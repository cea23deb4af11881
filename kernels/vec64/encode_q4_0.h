/* The encoder of q4_0 in vectors of 64 bytes. */
#include "kernels/q4_0.h"
#include "kernels/vec64/wide.h"

#include "kernels/wide/blocks32.h"

enum { BLOCK = 32 };

/* Codes of sixteen elements. */
GB_INLINE __m128i encode16(__m512 x, __m512 id) {
    const __m512 v = _mm512_mul_ps(x, id);
    const __m512 safe = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(v, v, _CMP_ORD_Q), v);
    const __m512i c = _mm512_cvttps_epi32(_mm512_add_ps(safe, _mm512_set1_ps(8.5F)));
    return _mm512_cvtepi32_epi8(_mm512_min_epi32(c, _mm512_set1_epi32(15)));
}

GB_INLINE float extreme(const float *x) {
    const __m512 upper = gb_max_magnitude(_mm512_loadu_ps(x + 16), _mm512_setzero_ps());
    return gb_extreme(x, gb_max_magnitude(_mm512_loadu_ps(x), upper), BLOCK);
}

GB_INLINE void encode_codes(const float *x, float id, uint8_t qs[16]) {
    const __m128i low = encode16(_mm512_loadu_ps(x), _mm512_set1_ps(id));
    const __m128i high = encode16(_mm512_loadu_ps(x + 16), _mm512_set1_ps(id));
    _mm_storeu_si128((__m128i *)qs, _mm_or_si128(low, _mm_slli_epi16(high, 4))); /* codes are 0..15: no carry */
}
