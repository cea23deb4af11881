/* q8_K in vectors of 64 bytes: activations of the K-quants. The byte stored is the low byte of the nearest-integer
 * result, which the magic-number addition leaves in the low mantissa bits. */
#include "kernels/q8_K.h"
#include "kernels/vec64/simd.h"

/* gb_nearest_int(v), at most 127, as its low byte; 0 for NaN. */
static inline __m128i round_codes(__m512 v) {
    const __m512 t = _mm512_add_ps(v, _mm512_set1_ps(12582912.0F));
    const __m512i mantissa = _mm512_and_si512(_mm512_castps_si512(t), _mm512_set1_epi32(0x7fffff));
    const __m512i q = _mm512_sub_epi32(mantissa, _mm512_set1_epi32(0x400000));
    return _mm512_maskz_cvtepi32_epi8(_mm512_cmp_ps_mask(t, t, _CMP_ORD_Q),
                                      _mm512_min_epi32(q, _mm512_set1_epi32(127)));
}

GB_INLINE float extreme(const float *x) {
    __m512 largest = _mm512_setzero_ps();
    for (size_t i = 0; i < BLOCK; i += 16) largest = gb_max_magnitude(_mm512_loadu_ps(x + i), largest);
    return gb_extreme(x, largest, BLOCK);
}

GB_INLINE void encode_codes(const float *x, float inverse, gb_block_q8_K *b) {
    for (size_t i = 0; i < BLOCK; i += 16) {
        const __m512 v = _mm512_mul_ps(_mm512_set1_ps(inverse), _mm512_loadu_ps(x + i));
        _mm_storeu_si128((__m128i *)(b->qs + i), round_codes(v));
    }
    __m512i sum[4];
    GB_UNROLL
    for (size_t i = 0; i < 4; i++)
        sum[i] = gb_add_bytes(_mm512_setzero_si512(), _mm512_set1_epi8(1), gb_load512(b->qs + 64 * i), 1);
    _mm256_storeu_si256((__m256i *)(void *)b->bsums, _mm512_cvtepi32_epi16(gb_sum_quarters(sum)));
}

GB_INLINE void decode(const gb_block_q8_K *b, float *x, size_t blocks) {
    for (size_t k = 0; k < blocks; k++, x += BLOCK) {
        const __m512 d = _mm512_set1_ps(b[k].d);
        for (size_t i = 0; i < BLOCK; i += 16) _mm512_storeu_ps(x + i, _mm512_mul_ps(d, gb_bytes_to_f32(b[k].qs + i)));
    }
}
