/* The encoder of q4_0 in vectors of 64 bytes: without importance nothing is searched. */
#include <float.h>

#include "kernels/vec64/wide.h"

#include "kernels/wide/blocks32.h"

enum { BLOCK = 32 };

/* trunc(x / d + 8.5), at most 15, of sixteen elements; NaN counts as 0. */
static inline __m128i encode_codes(__m512 x, __m512 id) {
    const __m512 v = _mm512_mul_ps(x, id);
    const __m512 safe = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(v, v, _CMP_ORD_Q), v);
    const __m512i c = _mm512_cvttps_epi32(_mm512_add_ps(safe, _mm512_set1_ps(8.5F)));
    return _mm512_cvtepi32_epi8(_mm512_min_epi32(c, _mm512_set1_epi32(15)));
}

static void encode(const float *x, gb_block_q4_0 *b) {
    const __m512 x0 = _mm512_loadu_ps(x);
    const __m512 x1 = _mm512_loadu_ps(x + 16);
    const float extreme = gb_extreme(x, gb_max_magnitude(x1, gb_max_magnitude(x0, _mm512_setzero_ps())), BLOCK);
    const float d = extreme / -8.0F; /* -0 for an all-zero block */
    float id = d != 0.0F ? 1.0F / d : 0.0F;
    if (!(id <= FLT_MAX && id >= -FLT_MAX)) id = 0.0F;
    b->d = gb_to_half(d);
    const __m128i low = encode_codes(x0, _mm512_set1_ps(id));
    const __m128i high = encode_codes(x1, _mm512_set1_ps(id));
    _mm_storeu_si128((__m128i *)b->qs, _mm_or_si128(low, _mm_slli_epi16(high, 4))); /* codes are 0..15: no carry */
}

#define GB_Q4_0_ENCODER(isa)                                                                                           \
    void gb_q4_0_quantize_##isa(const float *x, void *blocks, size_t n, const float *importance) {                     \
        gb_block_q4_0 *b = blocks;                                                                                     \
        if (importance)                                                                                                \
            gb_wide_q4_0_weighted(x, blocks, n, importance);                                                           \
        else                                                                                                           \
            for (size_t i = 0; i < n / BLOCK; i++) encode(x + i * BLOCK, &b[i]);                                       \
    }
