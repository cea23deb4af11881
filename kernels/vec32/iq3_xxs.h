/* iq3_xxs in vectors of 32 bytes. */
#include "kernels/vec32/lattice.h"

GB_INLINE void indices(const void *block, size_t half, uint16_t *index) {
    for (size_t g = 0; g < 32; g++) index[g] = ((const gb_block_iq3_xxs *)block)->qs[32 * half + g];
}

/* Words of four times seven signs and a scale. */
GB_INLINE __m128i signs(const void *block, size_t half) {
    return gb_even_fields(gb_load128(((const gb_block_iq3_xxs *)block)->signs_scales + 16 * half));
}

GB_INLINE __m128i scales(const void *block) {
    const uint8_t *words = ((const gb_block_iq3_xxs *)block)->signs_scales;
    const __m128i order = _mm_setr_epi8(3, 3, 7, 7, 11, 11, 15, 15, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m128i tops =
        _mm_unpacklo_epi64(_mm_shuffle_epi8(gb_load128(words), order), _mm_shuffle_epi8(gb_load128(words + 16), order));
    return _mm_and_si128(_mm_srli_epi16(tops, 4), _mm_set1_epi8(15));
}

GB_LATTICE_FORMAT(iq3_xxs, gb_points_iq3_xxs, 0);
