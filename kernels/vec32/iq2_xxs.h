/* iq2_xxs in vectors of 32 bytes. */
#include "kernels/vec32/lattice.h"

GB_INLINE void indices(const void *block, size_t half, uint16_t *index) {
    const uint8_t *q = ((const gb_block_iq2_xxs *)block)->qs + 32 * half;
    for (size_t g = 0; g < 16; g++) index[g] = q[g / 4 * 8 + g % 4];
}

/* Every eight bytes: four points, then the word of signs and scale. */
GB_INLINE __m128i signs(const void *block, size_t half) {
    const __m256i x = gb_load256(((const gb_block_iq2_xxs *)block)->qs + 32 * half);
    return gb_even_fields(
        _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(x, _mm256_setr_epi32(1, 3, 5, 7, 1, 3, 5, 7))));
}

GB_INLINE __m128i scales(const void *block) {
    const uint8_t *q = ((const gb_block_iq2_xxs *)block)->qs;
    const __m128i order = _mm_setr_epi8(7, 7, 15, 15, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    __m128i v[4];
    for (size_t i = 0; i < 4; i++) v[i] = _mm_shuffle_epi8(gb_load128(q + 16 * i), order);
    const __m128i tops = _mm_unpacklo_epi64(_mm_unpacklo_epi32(v[0], v[1]), _mm_unpacklo_epi32(v[2], v[3]));
    return _mm_and_si128(_mm_srli_epi16(tops, 4), _mm_set1_epi8(15));
}

GB_LATTICE_FORMAT(iq2_xxs, gb_points_iq2_xxs, 0);
