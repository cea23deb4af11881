/* iq2_s in vectors of 32 bytes. */
#include "kernels/vec32/lattice.h"

/* Bits 2(g % 4), + 1 of byte g / 4 of qh become bits 8 and 9. */
GB_INLINE void indices(const void *block, size_t half, uint16_t *index) {
    const gb_block_iq2_s *b = block;
    const __m256i order = _mm256_setr_epi8(0, -1, 0, -1, 0, -1, 0, -1, 1, -1, 1, -1, 1, -1, 1, -1, 2, -1, 2, -1, 2, -1,
                                           2, -1, 3, -1, 3, -1, 3, -1, 3, -1);
    const __m256i up = _mm256_set1_epi64x(0x0004001000400100);
    const __m256i top = _mm256_mullo_epi16(_mm256_shuffle_epi8(gb_broadcast32(b->qh + 4 * half), order), up);
    const __m256i low = _mm256_cvtepu8_epi16(gb_load128(b->qs + 16 * half));
    gb_store256(index, _mm256_or_si256(low, _mm256_and_si256(top, _mm256_set1_epi16(0x300))));
}

GB_INLINE __m128i signs(const void *block, size_t half) {
    return gb_load128(((const gb_block_iq2_s *)block)->signs + 16 * half);
}

GB_INLINE __m128i scales(const void *block) {
    return gb_nibbles16(((const gb_block_iq2_s *)block)->scales);
}

GB_LATTICE_FORMAT(iq2_s, gb_points_iq2_s, 0);
