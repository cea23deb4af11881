/* q1_0 on NEON: four float terms a block. */
#include "kernels/neon/blocks32.h"

GB_NEON_INLINE int8x16x2_t codes(const char *block, size_t i) {
    const uint8_t *bits = ((const gb_block_q1_0 *)block)->qs + 4 * i;
    const uint8x16x2_t code = {{gb_neon_bits16(bits, 0, 2), gb_neon_bits16(bits, 1, 2)}};
    return gb_neon_lowered(code, 1);
}

static const gb_neon_block32 kind = {.codes = codes, .bytes = sizeof(gb_block_q1_0), .per = 4, .narrow = 1};
GB_NEON_BLOCK32_KERNELS(q1_0, kind)
