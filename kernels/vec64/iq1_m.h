/* iq1_m in vectors of 64 bytes. */
#include "kernels/vec64/iq1.h"

/* Nibbles: three bits of a point, then the shift of its eight elements. */
GB_INLINE void codes(const uint8_t *w, __m512i code[4]) {
    const __m512i nibbles = gb_iq1_fields(gb_load128(w + offsetof(gb_block_iq1_m, qh)), 4);
    gb_iq1_codes(w + offsetof(gb_block_iq1_m, qs), nibbles, _mm512_test_epi16_mask(nibbles, _mm512_set1_epi16(8)),
                 code);
}

GB_INLINE gb_super_scales scales(const uint8_t *w) {
    const __m128i words = _mm_loadl_epi64((const __m128i *)(const void *)(w + offsetof(gb_block_iq1_m, scales)));
    const __m256i c = _mm512_castsi512_si256(gb_iq1_fields(words, 3));
    return gb_odd_scales(_mm256_cvtepi16_epi8(_mm256_and_si256(c, _mm256_set1_epi16(7))));
}

GB_IQ1_FORMAT(iq1_m)
