/* iq3_s in vectors of 64 bytes. */
#include "kernels/vec64/lattice.h"

/* The bits of qh are the mask that chooses between the halves of the table. */
GB_INLINE void planes(const uint8_t *w, int for_natural, __m512i code[4]) {
    (void)for_natural;
    enum { O = GB_OFFSET };
    const __m128i values =
        _mm_setr_epi8(O + 1, O + 3, O + 5, O + 7, O + 9, O + 11, O + 13, O + 15, 0, 0, 0, 0, 0, 0, 0, 0);
    const __m512i four =
        _mm512_set_epi64(0x0f0f0f0f0e0e0e0e, 0x0d0d0d0d0c0c0c0c, 0x0b0b0b0b0a0a0a0a, 0x0909090908080808,
                         0x0707070706060606, 0x0505050504040404, 0x0303030302020202, 0x0101010100000000);
    GB_UNROLL
    for (size_t h = 0; h < 2; h++) {
        const __m512i index = _mm512_cvtepu8_epi16(gb_load256(w + offsetof(gb_block_iq3_s, qs) + 32 * h));
        const __mmask32 eighth = gb_load_u32(w + offsetof(gb_block_iq3_s, qh) + 4 * h);
        const __m128i signs = gb_load128(w + offsetof(gb_block_iq3_s, signs) + 16 * h);
        gb_planes_of_4(gb_find512(gb_words_iq3_s, index, eighth), values,
                       _mm512_shuffle_epi8(_mm512_broadcast_i32x4(signs), four), code + 2 * h);
    }
}

GB_INLINE gb_super_scales scales(const uint8_t *w) {
    return gb_odd_scales_of_nibbles(_mm_cvtsi32_si128((int)gb_load_u32(w + offsetof(gb_block_iq3_s, scales))));
}

GB_LATTICE_FORMAT(iq3_s, 4, NULL)
