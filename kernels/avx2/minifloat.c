/* mxfp6, mxfp8 and fp8. Every small float has its place in an f16: sign to sign, the rest below it, exponents counted
 * from the smallest. So the f16 is the number over a power of two, subnormals too; the conversion and the
 * multiplication by `unit` are exact, and the scale rounds once, as in the reference. */
#include "kernels/avx2/rows.h"
#include "kernels/decoded.h"

/* Sixteen f16 times unit, times scale. */
GB_INLINE void scaled(__m256i halves, float unit, float scale, gb_floats *x) {
    const gb_unit_scale s = gb_join_scale(unit, scale);
    for (size_t i = 0; i < 2; i++) {
        const __m256 v = _mm256_cvtph_ps(i ? _mm256_extracti128_si256(halves, 1) : _mm256_castsi256_si128(halves));
        x[i] = _mm256_mul_ps(v, _mm256_set1_ps(s.first));
        if (s.apart) x[i] = _mm256_mul_ps(x[i], _mm256_set1_ps(s.second));
    }
}

/* Infinities and NaN are those of f16. */
GB_INLINE void e5m2(const uint8_t *qs, float scale, gb_floats *x) {
    for (size_t i = 0; i < 2; i++)
        scaled(_mm256_slli_epi16(_mm256_cvtepu8_epi16(gb_load128(qs + 16 * i)), 8), 1.0F, scale, x + 2 * i);
}

/* 0x7f alone is NaN; there, as an f16, it would be 480. */
GB_INLINE void e4m3(const uint8_t *qs, float scale, gb_floats *x) {
    const __m256i all = _mm256_set1_epi16(0x3f80);
    for (size_t i = 0; i < 2; i++) {
        const __m256i wide = _mm256_slli_epi16(_mm256_cvtepi8_epi16(gb_load128(qs + 16 * i)), 7); /* two sign bits */
        const __m256i nan = _mm256_cmpeq_epi16(_mm256_and_si256(wide, all), all);
        const __m256i halves = _mm256_and_si256(wide, _mm256_set1_epi16((short)0xbfff));
        scaled(_mm256_or_si256(halves, _mm256_and_si256(nan, _mm256_set1_epi16(0x7e00))), 0x1p8F, scale, x + 2 * i);
    }
}

/* Sixteen codes of six bits on top of words, above parts of their neighbours; the codes begin at byte `first` of
 * sixteen. The byte behind a block that its last word would take holds none of its bits, so another stands there. */
GB_INLINE __m256i six_bits(const uint8_t *p, char first) {
    const __m256i from = _mm256_setr_epi8(0, 1, 0, 1, 1, 2, 2, 3, 3, 4, 3, 4, 4, 5, 5, 6, 6, 7, 6, 7, 7, 8, 8, 9, 9, 10,
                                          9, 10, 10, 11, 11, 12);
    const __m256i at = _mm256_min_epi8(_mm256_add_epi8(from, _mm256_set1_epi8(first)), _mm256_set1_epi8(15));
    const __m256i words = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(gb_load128(p)), at);
    return _mm256_mullo_epi16(words, _mm256_set1_epi64x(0x0100004000100400)); /* 2^(10 - 6i % 8) */
}

/* Both loads of sixteen bytes stay inside the block. The shift copies the sign, which stays where it was; keep: it and
 * the magnitude. */
GB_INLINE void six(const uint8_t *qs, int right, unsigned keep, float unit, float scale, gb_floats *x) {
    for (size_t i = 0; i < 2; i++) {
        const __m256i moved = _mm256_srai_epi16(six_bits(qs + 8 * i, i ? 4 : 0), right);
        scaled(_mm256_and_si256(moved, _mm256_set1_epi16((short)keep)), unit, scale, x + 2 * i);
    }
}

GB_INLINE void e2m3(const uint8_t *qs, float scale, gb_floats *x) {
    six(qs, 3, 0x8f80, 0x1p14F, scale, x);
}

GB_INLINE void e3m2(const uint8_t *qs, float scale, gb_floats *x) {
    six(qs, 2, 0x9f00, 0x1p12F, scale, x);
}

GB_ALL_MINIFLOAT_KERNELS(e2m3, e3m2, e4m3, e5m2)
