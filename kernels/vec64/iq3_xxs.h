/* iq3_xxs in vectors of 64 bytes. */
#include "kernels/vec64/lattice.h"

GB_INLINE void planes(const uint8_t *w, int for_natural, __m512i code[4]) {
    (void)for_natural;
    enum { O = GB_OFFSET };
    const __m128i values =
        _mm_setr_epi8(O + 4, O + 12, O + 20, O + 28, O + 36, O + 44, O + 52, O + 62, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i words = gb_load256(w + offsetof(gb_block_iq3_xxs, signs_scales));
    const __m512i twice = _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7),
                                                   _mm512_castsi256_si512(words));
    const __m512i signs = gb_even_fields(twice);
    const __m512i pairs = _mm512_cvtepu8_epi16(_mm256_setr_epi8(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9,
                                                                9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14, 15, 15));
    GB_UNROLL
    for (size_t h = 0; h < 2; h++) {
        const __m512i index = _mm512_cvtepu8_epi16(gb_load256(w + offsetof(gb_block_iq3_xxs, qs) + 32 * h));
        gb_planes_of_4(gb_find256(gb_words_iq3_xxs, index), values,
                       _mm512_permutexvar_epi16(_mm512_add_epi16(pairs, _mm512_set1_epi16((int16_t)(16 * h))), signs),
                       code + 2 * h);
    }
}

GB_INLINE gb_super_scales scales(const uint8_t *w) {
    const __m256i words = gb_load256(w + offsetof(gb_block_iq3_xxs, signs_scales));
    return gb_odd_scales(_mm256_cvtepi32_epi8(_mm256_srli_epi32(words, 28)));
}

GB_LATTICE_FORMAT(iq3_xxs, 4, NULL)
