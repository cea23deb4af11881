/* q5_0 in vectors of 32 bytes: nibbles and fifth bits make codes 0..31, of which 16 is taken away with the sum of the
 * activations. */
#include "kernels/vec32/block32.h"

GB_INLINE __m256i codes(const void *w, size_t i) {
    const gb_block_q5_0 *b = (const gb_block_q5_0 *)w + i;
    return _mm256_or_si256(gb_nibbles32(b->qs), gb_flags32(b->qh, 16));
}

static const gb_byte_format format = {.bytes = sizeof(gb_block_q5_0), GB_SCALE_F16, .offset = 16, .codes = codes};
