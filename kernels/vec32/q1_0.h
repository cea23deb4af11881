/* q1_0 in vectors of 32 bytes: codes 0 and 2, four float terms a block. */
#include "kernels/vec32/block32.h"

GB_INLINE __m256i codes(const void *w, size_t i) {
    return gb_flags32(((const gb_block_q1_0 *)w)[i / 4].qs + 4 * (i % 4), 2);
}

static const gb_byte_format format = {.bytes = sizeof(gb_block_q1_0), GB_SCALE_F16_BY_4, .offset = 1, .codes = codes};
