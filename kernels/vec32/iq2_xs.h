/* iq2_xs in vectors of 32 bytes. */
#include "kernels/vec32/lattice.h"

GB_INLINE void indices(const void *block, size_t half, uint16_t *index) {
    const uint8_t *words = ((const gb_block_iq2_xs *)block)->qs + 32 * half;
    for (size_t g = 0; g < 16; g++) index[g] = gb_load_u16(words, g) & 511;
}

GB_INLINE __m128i signs(const void *block, size_t half) {
    return gb_even_bytes(_mm256_srli_epi16(gb_load256(((const gb_block_iq2_xs *)block)->qs + 32 * half), 9));
}

GB_INLINE __m128i scales(const void *block) {
    return gb_nibbles16(((const gb_block_iq2_xs *)block)->scales);
}

GB_LATTICE_FORMAT(iq2_xs, gb_points_iq2_xs, 0);
