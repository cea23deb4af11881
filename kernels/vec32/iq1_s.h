/* iq1_s in vectors of 32 bytes. */
#include "kernels/vec32/lattice.h"

GB_INLINE void indices(const void *block, size_t half, uint16_t *index) {
    const gb_block_iq1_s *b = block;
    const __m256i top =
        _mm256_slli_epi16(gb_three_bits((const char *)block + offsetof(gb_block_iq1_s, qh) + 8 * half), 8);
    gb_store256(index, _mm256_or_si256(_mm256_cvtepu8_epi16(gb_load128(b->qs + 16 * half)), top));
}

/* The top bit of a word, for four times eight elements. */
GB_INLINE __m128i signs(const void *block, size_t half) {
    const __m128i words = gb_load128((const char *)block + offsetof(gb_block_iq1_s, qh));
    const __m128i order = _mm_setr_epi8(0, 0, 0, 0, 2, 2, 2, 2, 4, 4, 4, 4, 6, 6, 6, 6);
    const __m128i which = _mm_add_epi8(order, _mm_set1_epi8((char)(8 * half)));
    return _mm_shuffle_epi8(_mm_srai_epi16(words, 15), which);
}

GB_INLINE __m128i scales(const void *block) {
    const __m128i words = gb_load128((const char *)block + offsetof(gb_block_iq1_s, qh));
    const __m128i c = _mm_and_si128(_mm_srli_epi16(words, 12), _mm_set1_epi16(7));
    return gb_twice8(_mm_packus_epi16(c, c));
}

GB_LATTICE_FORMAT(iq1_s, gb_points_iq1, 1);
