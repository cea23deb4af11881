/* q5_1 in vectors of 32 bytes: q4_1 with the fifth bits of q5_0. */
#include "kernels/vec32/block32.h"

GB_INLINE __m256i codes(const void *w, size_t i) {
    const gb_block_q5_1 *b = (const gb_block_q5_1 *)w + i;
    return _mm256_or_si256(gb_nibbles32(b->qs), gb_flags32(b->qh, 16));
}

static const gb_byte_format format = {.bytes = sizeof(gb_block_q5_1), GB_SCALE_F16, .affine = 1, .codes = codes};
