/* iq2_s in vectors of 64 bytes. */
#include "kernels/vec64/lattice.h"

/* Bits 2(g % 4), + 1 of byte g / 4 of qh: which quarter of the table group g is looked up in. */
GB_INLINE __m512i words(const uint8_t *w) {
    const __m512i index = _mm512_cvtepu8_epi16(gb_load256(w + offsetof(gb_block_iq2_s, qs)));
    const __m512i four =
        _mm512_set_epi64(0x0707070707070707, 0x0606060606060606, 0x0505050505050505, 0x0404040404040404,
                         0x0303030303030303, 0x0202020202020202, 0x0101010101010101, 0);
    uint64_t qh;
    memcpy(&qh, w + offsetof(gb_block_iq2_s, qh), sizeof qh);
    const __m512i top = _mm512_shuffle_epi8(_mm512_set1_epi64((long long)qh), four);
    const __m512i mine = _mm512_set1_epi64(0x0040001000040001);
    const __mmask32 eighth = _mm512_test_epi16_mask(top, mine);
    const __mmask32 ninth = _mm512_test_epi16_mask(top, _mm512_slli_epi16(mine, 1));
    return _mm512_mask_mov_epi16(gb_find512(gb_words_iq2_s, index, eighth), ninth,
                                 gb_find512(gb_words_iq2_s + 512, index, eighth));
}

GB_INLINE void planes(const uint8_t *w, __m512i code[4]) {
    const __m512i signs = _mm512_cvtepu8_epi16(gb_load256(w + offsetof(gb_block_iq2_s, signs)));
    gb_planes_of_2(words(w), gb_twice_low_bytes(signs), code);
}

GB_INLINE gb_super_scales scales(const uint8_t *w) {
    return gb_odd_scales_of_nibbles(
        _mm_loadl_epi64((const __m128i *)(const void *)(w + offsetof(gb_block_iq2_s, scales))));
}

GB_LATTICE_FORMAT(iq2_s, 2)
