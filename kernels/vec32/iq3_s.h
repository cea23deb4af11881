/* iq3_s in vectors of 32 bytes. */
#include "kernels/vec32/lattice.h"

/* Bytes of qs with bytes 0, 1 of qh above them. */
GB_INLINE void indices(const void *block, size_t half, uint16_t *index) {
    const gb_block_iq3_s *b = block;
    const __m256i low = gb_load256(b->qs + 32 * half);
    const __m256i top = gb_flags32(b->qh + 4 * half, 1);
    const __m256i v[2] = {_mm256_unpacklo_epi8(low, top), _mm256_unpackhi_epi8(low, top)};
    for (size_t i = 0; i < 2; i++) {
        _mm_storeu_si128((__m128i *)(void *)(index + 8 * i), _mm256_castsi256_si128(v[i]));
        _mm_storeu_si128((__m128i *)(void *)(index + 16 + 8 * i), _mm256_extracti128_si256(v[i], 1));
    }
}

GB_INLINE __m128i signs(const void *block, size_t half) {
    return gb_load128(((const gb_block_iq3_s *)block)->signs + 16 * half);
}

/* Four bytes before the scales are read with them, so as not to reach past the block. */
GB_INLINE __m128i scales(const void *block) {
    return gb_twice8(_mm_srli_si128(gb_nibbles16((const uint8_t *)block + offsetof(gb_block_iq3_s, scales) - 4), 8));
}

GB_LATTICE_FORMAT(iq3_s, gb_points_iq3_s, 0);
