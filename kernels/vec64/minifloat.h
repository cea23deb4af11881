/* mxfp6, mxfp8 and fp8 in vectors of 64 bytes. Every small float has its place in an f16: sign to sign, the rest below
 * it, exponents counted from the smallest. So the f16 is the number over a power of two, subnormals too; the conversion
 * and the multiplication by `unit` are exact, and the scale rounds once, as in the reference. */
#include "kernels/decoded.h"
#include "kernels/vec64/lanes16.h"

/* Thirty-two f16 times unit, times scale. */
GB_INLINE void scaled(__m512i halves, float unit, float scale, gb_floats *x) {
    const gb_unit_scale s = gb_join_scale(unit, scale);
    GB_UNROLL
    for (size_t i = 0; i < 2; i++) {
        const __m512 v = _mm512_cvtph_ps(i ? _mm512_extracti64x4_epi64(halves, 1) : _mm512_castsi512_si256(halves));
        x[i] = _mm512_mul_ps(v, _mm512_set1_ps(s.first));
        if (s.apart) x[i] = _mm512_mul_ps(x[i], _mm512_set1_ps(s.second));
    }
}

/* Infinities and NaN are those of f16. */
GB_INLINE void e5m2(const uint8_t *qs, float scale, gb_floats *x) {
    const __m512i wide = _mm512_slli_epi16(_mm512_cvtepu8_epi16(gb_load256(qs)), 8);
    scaled(wide, 1.0F, scale, x);
}

/* 0x7f alone is NaN; there, as an f16, it would be 480. */
GB_INLINE void e4m3(const uint8_t *qs, float scale, gb_floats *x) {
    const __m256i q = gb_load256(qs);
    const __m256i magnitude = _mm256_or_si256(q, _mm256_set1_epi8(INT8_MIN));
    const __mmask32 nan = _mm256_cmpeq_epi8_mask(magnitude, _mm256_set1_epi8(-1));
    const __m512i wide = _mm512_slli_epi16(_mm512_cvtepi8_epi16(q), 7); /* two sign bits */
    const __m512i halves = _mm512_and_si512(wide, _mm512_set1_epi16((short)0xbfff));
    scaled(_mm512_mask_mov_epi16(halves, nan, _mm512_set1_epi16(0x7e00)), 0x1p8F, scale, x);
}

/* The 32 codes of six bits on top of words, above parts of their neighbours. Both loads stay inside the block; the byte
 * behind it that the last word would take holds none of its bits, so another stands there. */
GB_INLINE __m512i six_bits(const uint8_t *qs) {
    static const uint8_t from[64] = {0, 1, 0, 1,  1,  2,  2,  3,  3,  4,  3,  4,  4,  5,  5,  6,  6,  7,  6,  7, 7, 8,
                                     8, 9, 9, 10, 9,  10, 10, 11, 11, 12, 4,  5,  4,  5,  5,  6,  6,  7,  7,  8, 7, 8,
                                     8, 9, 9, 10, 10, 11, 10, 11, 11, 12, 12, 13, 13, 14, 13, 14, 14, 15, 15, 15};
    const __m512i first = _mm512_broadcast_i32x4(gb_load128(qs));
    const __m512i both = _mm512_mask_broadcast_i32x4(first, 0xff00, gb_load128(qs + 8));
    const __m512i words = _mm512_shuffle_epi8(both, gb_load512(from));
    return _mm512_sllv_epi16(words, _mm512_set1_epi64(0x000800060004000a)); /* 10 - 6i % 8 */
}

/* The shift copies the sign, which stays where it was; keep: it and the magnitude. */
GB_INLINE void six(const uint8_t *qs, unsigned right, unsigned keep, float unit, float scale, gb_floats *x) {
    const __m512i moved = _mm512_srai_epi16(six_bits(qs), (gb_shift16)right);
    scaled(_mm512_and_si512(moved, _mm512_set1_epi16((short)keep)), unit, scale, x);
}

GB_INLINE void e2m3(const uint8_t *qs, float scale, gb_floats *x) {
    six(qs, 3, 0x8f80, 0x1p14F, scale, x);
}

GB_INLINE void e3m2(const uint8_t *qs, float scale, gb_floats *x) {
    six(qs, 2, 0x9f00, 0x1p12F, scale, x);
}
