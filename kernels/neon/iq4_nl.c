/* iq4_nl on NEON: nibbles choose from a table of signed levels. */
#include "kernels/neon/blocks32.h"

GB_NEON_INLINE int8x16x2_t codes(const char *block) {
    static const int8_t levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    const int8x16_t table = vld1q_s8(levels);
    const uint8x16x2_t nibble = gb_neon_nibbles(((const gb_block_iq4_nl *)block)->qs);
    return (int8x16x2_t){{vqtbl1q_s8(table, nibble.val[0]), vqtbl1q_s8(table, nibble.val[1])}};
}

static const gb_neon_block32 kind = {.codes = codes, .bytes = sizeof(gb_block_iq4_nl), .narrow = 0, .affine = 0};
GB_NEON_BLOCK32_KERNELS(iq4_nl, kind)
