/* iq1_m in vectors of 32 bytes. */
#include "kernels/vec32/lattice.h"

/* Nibbles of eight bytes, in order: three bits of a point, then the shift of its eight elements. */
GB_INLINE void indices(const void *block, size_t half, uint16_t *index) {
    const gb_block_iq1_m *b = block;
    const __m128i top = _mm_and_si128(gb_nibbles16(b->qh + 8 * half), _mm_set1_epi8(7));
    const __m256i low = _mm256_cvtepu8_epi16(gb_load128(b->qs + 16 * half));
    gb_store256(index, _mm256_or_si256(low, _mm256_slli_epi16(_mm256_cvtepu8_epi16(top), 8)));
}

GB_INLINE __m128i signs(const void *block, size_t half) {
    return _mm_cmpgt_epi8(gb_nibbles16(((const gb_block_iq1_m *)block)->qh + 8 * half), _mm_set1_epi8(7));
}

GB_INLINE __m128i scales(const void *block) {
    const __m256i c = gb_three_bits((const char *)block + offsetof(gb_block_iq1_m, scales));
    return _mm_packus_epi16(_mm256_castsi256_si128(c), _mm256_extracti128_si256(c, 1));
}

GB_LATTICE_FORMAT(iq1_m, gb_points_iq1, 1);
