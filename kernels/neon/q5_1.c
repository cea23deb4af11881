/* q5_1 on NEON. */
#include "kernels/neon/blocks32.h"

GB_NEON_INLINE int8x16x2_t codes(const char *block, size_t i) {
    (void)i; /* there are no more */
    const gb_block_q5_1 *b = (const gb_block_q5_1 *)block;
    return gb_neon_lowered(gb_neon_five_bits(b->qs, b->qh), 0);
}

static const gb_neon_block32 kind = {.codes = codes, .bytes = sizeof(gb_block_q5_1), .narrow = 1, .affine = 1};
GB_NEON_BLOCK32_KERNELS(q5_1, kind)
