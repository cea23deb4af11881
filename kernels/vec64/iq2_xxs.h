/* iq2_xxs in vectors of 64 bytes. */
#include "kernels/vec64/lattice.h"

/* Every eight bytes: four indices, then the word of signs and scale. */
GB_INLINE void planes(const uint8_t *w, int for_natural, __m512i code[4]) {
    const __m512i x = gb_load512_once(w + offsetof(gb_block_iq2_xxs, qs));
    const __m128i order = _mm_setr_epi8(0, -1, 1, -1, 2, -1, 3, -1, 8, -1, 9, -1, 10, -1, 11, -1);
    const __m512i index = _mm512_shuffle_epi8(x, _mm512_broadcast_i32x4(order));
    const __m512i signs = gb_even_fields(_mm512_shuffle_epi32(x, 0xf5));
    gb_planes_of_2(gb_find256(gb_words_iq2_xxs, index), signs, for_natural, code);
}

GB_INLINE gb_super_scales scales(const uint8_t *w) {
    return gb_odd_scales(_mm512_cvtepi64_epi8(_mm512_srli_epi64(gb_load512(w + offsetof(gb_block_iq2_xxs, qs)), 60)));
}

GB_LATTICE_FORMAT(iq2_xxs, 2, NULL)
