/* q4_1 in vectors of 32 bytes: unsigned codes 0..15; the minimum meets the sum that q8_1 holds. */
#include "kernels/vec32/block32.h"

GB_INLINE __m256i codes(const void *w, size_t i) {
    return gb_nibbles32(((const gb_block_q4_1 *)w)[i].qs);
}

static const gb_byte_format format = {.bytes = sizeof(gb_block_q4_1), GB_SCALE_F16, .affine = 1, .codes = codes};
