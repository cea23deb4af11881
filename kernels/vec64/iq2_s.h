/* iq2_s in vectors of 64 bytes. */
#include "kernels/vec64/lattice.h"

/* Byte g / 4 of qh in both bytes of word g: bits 2(g % 4), + 1 belong to group g. */
GB_INLINE __m512i tops(const uint8_t *w) {
    const __m512i four =
        _mm512_set_epi64(0x0707070707070707, 0x0606060606060606, 0x0505050505050505, 0x0404040404040404,
                         0x0303030303030303, 0x0202020202020202, 0x0101010101010101, 0);
    uint64_t qh;
    memcpy(&qh, w + offsetof(gb_block_iq2_s, qh), sizeof qh);
    return _mm512_shuffle_epi8(_mm512_set1_epi64((long long)qh), four);
}

GB_INLINE __m512i low_index(const uint8_t *w) {
    return _mm512_cvtepu8_epi16(gb_load256(w + offsetof(gb_block_iq2_s, qs)));
}

/* The top bits say which quarter of the table a group is looked up in. */
GB_INLINE __m512i words(const uint8_t *w) {
    const __m512i index = low_index(w);
    const __m512i top = tops(w);
    const __m512i mine = _mm512_set1_epi64(0x0040001000040001);
    const __mmask32 eighth = _mm512_test_epi16_mask(top, mine);
    const __mmask32 ninth = _mm512_test_epi16_mask(top, _mm512_slli_epi16(mine, 1));
    return _mm512_mask_mov_epi16(gb_find512(gb_words_iq2_s, index, eighth), ninth,
                                 gb_find512(gb_words_iq2_s + 512, index, eighth));
}

/* For one row sixteen look-ups and putting their planes in order take longer than loading 32 points. */
GB_INLINE void natural(const uint8_t *w, __m512i code[4]) {
    const __m512i top = _mm512_srlv_epi16(tops(w), _mm512_set1_epi64(0x0006000400020000));
    const __m512i high = _mm512_slli_epi16(_mm512_and_si512(top, _mm512_set1_epi16(3)), 8);
    const __m512i index = _mm512_or_si512(low_index(w), high);
    GB_UNROLL
    for (size_t v = 0; v < 4; v++) {
        uint64_t negative;
        memcpy(&negative, w + offsetof(gb_block_iq2_s, signs) + 8 * v, sizeof negative);
        const __m512i point = gb_eight_points(gb_points_iq2_s, index, v);
        code[v] = gb_signed(_mm512_add_epi8(point, _mm512_set1_epi8(GB_OFFSET)), negative);
    }
}

GB_INLINE void planes(const uint8_t *w, int for_natural, __m512i code[4]) {
    const __m512i signs = _mm512_cvtepu8_epi16(gb_load256(w + offsetof(gb_block_iq2_s, signs)));
    gb_planes_of_2(words(w), gb_twice_low_bytes(signs), for_natural, code);
}

GB_INLINE gb_super_scales scales(const uint8_t *w) {
    return gb_odd_scales_of_nibbles(
        _mm_loadl_epi64((const __m128i *)(const void *)(w + offsetof(gb_block_iq2_s, scales))));
}

GB_LATTICE_FORMAT(iq2_s, 2, natural)
