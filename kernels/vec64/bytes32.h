/* Signed bytes of the largest magnitude 127: the codes that q8_0 and q8_1 share. */
#ifndef GB_VEC64_BYTES32_H
#define GB_VEC64_BYTES32_H

#include <float.h>

#include "kernels/bytes32.h"
#include "kernels/vec64/simd.h"

/* x * id rounded to nearest, ties away from zero, NaN to 0. The largest number below 0.5, with the sign of v, brings
 * exactly the right ones to the next whole number (magnitudes are at most 128). The conversion makes 0x80000000 of NaN:
 * its low byte is 0. */
GB_INLINE __m128i gb_round_away_codes(__m512 x, __m512 id) {
    const __m512 v = _mm512_mul_ps(x, id);
    const __m512i below_half = _mm512_castps_si512(_mm512_set1_ps(0x1.fffffep-2F));
    const __m512i half =
        _mm512_ternarylogic_epi32(_mm512_castps_si512(v), _mm512_set1_epi32(INT32_MIN), below_half, 0xea);
    return _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(_mm512_add_ps(v, _mm512_castsi512_ps(half))));
}

/* Blocks whose scales are computed together, so that two divisions serve all of them. */
enum { GB_BYTES_BLOCKS = 8 };

/* The largest magnitudes of eight lanes of a block. */
GB_INLINE __m256i gb_block_magnitudes(const float *x) {
    const __m512 upper = gb_max_magnitude(_mm512_loadu_ps(x + 16), _mm512_setzero_ps());
    const __m512 both = gb_max_magnitude(_mm512_loadu_ps(x), upper);
    return _mm256_castps_si256(_mm256_max_ps(_mm512_castps512_ps256(both), _mm512_extractf32x8_ps(both, 1)));
}

/* The larger of floats, as integers only in type. */
GB_INLINE __m256i gb_larger(__m256i a, __m256i b) {
    return _mm256_castps_si256(_mm256_max_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b)));
}

/* The unrounded scales of `count` blocks, those past them 0; codes go to qs, qs + stride, ... */
GB_INLINE __m256 gb_round_blocks(const float *x, size_t count, int8_t *qs, size_t stride) {
    __m256i largest[GB_BYTES_BLOCKS];
    float ids[GB_BYTES_BLOCKS];
    GB_UNROLL
    for (size_t i = 0; i < GB_BYTES_BLOCKS; i++)
        largest[i] = i < count ? gb_block_magnitudes(x + 32 * i) : _mm256_setzero_si256();
    const __m256 magnitude = _mm256_castsi256_ps(gb_fold_eight_by(gb_larger, largest));
    const __m256 d = _mm256_div_ps(magnitude, _mm256_set1_ps(127.0F));
    const __m256 id = _mm256_div_ps(_mm256_set1_ps(1.0F), d); /* infinite where d is too small, or 0 */
    _mm256_storeu_ps(ids, _mm256_maskz_mov_ps(_mm256_cmp_ps_mask(id, _mm256_set1_ps(FLT_MAX), _CMP_LE_OQ), id));
    GB_UNROLL
    for (size_t i = 0; i < count; i++) {
        const __m512 all = _mm512_set1_ps(ids[i]);
        _mm_storeu_si128((__m128i *)(qs + i * stride), gb_round_away_codes(_mm512_loadu_ps(x + 32 * i), all));
        _mm_storeu_si128((__m128i *)(qs + i * stride + 16), gb_round_away_codes(_mm512_loadu_ps(x + 32 * i + 16), all));
    }
    return d;
}

/* encode() of a format from encode_some(), of 1 or GB_BYTES_BLOCKS blocks. */
#define GB_ENCODE_BY_EIGHTS(name)                                                                                      \
    static void encode(const float *x, gb_block_##name *b, size_t blocks) {                                            \
        size_t k = 0;                                                                                                  \
        for (; k + GB_BYTES_BLOCKS <= blocks; k += GB_BYTES_BLOCKS) encode_some(x + k * 32, &b[k], GB_BYTES_BLOCKS);   \
        for (; k < blocks; k++) encode_some(x + k * 32, &b[k], 1);                                                     \
    }

/* x = q * d of one block. */
GB_INLINE void gb_dequantize_bytes32(const int8_t *qs, uint16_t half, float *x) {
    const __m512 d = _mm512_set1_ps(gb_half(half));
    _mm512_storeu_ps(x, _mm512_mul_ps(gb_bytes_to_f32(qs), d));
    _mm512_storeu_ps(x + 16, _mm512_mul_ps(gb_bytes_to_f32(qs + 16), d));
}

#endif
