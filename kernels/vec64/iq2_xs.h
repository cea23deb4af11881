/* iq2_xs in vectors of 64 bytes. */
#include "kernels/vec64/lattice.h"

GB_INLINE void planes(const uint8_t *w, int for_natural, __m512i code[4]) {
    const __m512i x = gb_load512_once(w + offsetof(gb_block_iq2_xs, qs));
    const __m512i words = gb_find512(gb_words_iq2_xs, x, _mm512_test_epi16_mask(x, _mm512_set1_epi16(256)));
    gb_planes_of_2(words, gb_even_words(_mm512_srli_epi16(x, 9), _mm512_movepi16_mask(x)), for_natural, code);
}

GB_INLINE gb_super_scales scales(const uint8_t *w) {
    return gb_odd_scales_of_nibbles(
        _mm_loadl_epi64((const __m128i *)(const void *)(w + offsetof(gb_block_iq2_xs, scales))));
}

GB_LATTICE_FORMAT(iq2_xs, 2, NULL)
