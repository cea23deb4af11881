/* q2_0 on NEON: two float terms a block. */
#include "kernels/neon/blocks32.h"

/* Eight bytes: every byte four times, each time other bits of it. */
GB_NEON_INLINE int8x16x2_t codes(const char *block, size_t i) {
    static const int8_t right[16] = {0, -2, -4, -6, 0, -2, -4, -6, 0, -2, -4, -6, 0, -2, -4, -6};
    const uint8x8_t q = vld1_u8(((const gb_block_q2_0 *)block)->qs + 8 * i);
    const uint8x8x2_t twice = vzip_u8(q, q);
    uint8x16x2_t code;
    for (size_t h = 0; h < 2; h++) {
        const uint8x8x2_t four = vzip_u8(twice.val[h], twice.val[h]);
        const uint8x16_t bytes = vcombine_u8(four.val[0], four.val[1]);
        code.val[h] = vandq_u8(vshlq_u8(bytes, vld1q_s8(right)), vdupq_n_u8(3));
    }
    return gb_neon_lowered(code, 1);
}

static const gb_neon_block32 kind = {.codes = codes, .bytes = sizeof(gb_block_q2_0), .per = 2, .narrow = 1};
GB_NEON_BLOCK32_KERNELS(q2_0, kind)
