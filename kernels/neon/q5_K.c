/* q5_K on NEON: q4_K and a fifth bit. */
#include "kernels/neon/super.h"

/* Group g: nibbles with, above them, bits 2g (of the low ones) and 2g + 1 (of the high ones) of qh. */
GB_NEON_INLINE int8x16x4_t values(const char *block, size_t group) {
    const uint8_t *qh = (const uint8_t *)block + offsetof(gb_block_q5_K, qh);
    int8x16x4_t code = gb_neon_nibbles64(block + offsetof(gb_block_q5_K, qs) + 32 * group);
    for (size_t v = 0; v < 4; v++) {
        const int8x16_t shift = vdupq_n_s8((int8_t)(4 - (int)(2 * group + v / 2)));
        const uint8x16_t top = vandq_u8(vshlq_u8(vld1q_u8(qh + 16 * (v % 2)), shift), vdupq_n_u8(16));
        code.val[v] = vorrq_s8(code.val[v], vreinterpretq_s8_u8(top));
    }
    return code;
}

GB_NEON_INLINE gb_neon_scales scales(const char *block) {
    return gb_neon_scales_mins(block + offsetof(gb_block_q5_K, scales));
}

static const gb_neon_super format = {.bytes = sizeof(gb_block_q5_K),
                                     .d_at = offsetof(gb_block_q5_K, d),
                                     .sub = 32,
                                     .mins = 1,
                                     .values = values,
                                     .scales = scales};

GB_NEON_SUPER_KERNELS(q5_K)
