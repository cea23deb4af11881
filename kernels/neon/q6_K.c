/* q6_K on NEON. */
#include "kernels/neon/super.h"

/* code - 32: low nibbles are shared by quarters 0, 2 and by 1, 3; bits 2q, 2q + 1 of qh are the top of quarter q. */
GB_NEON_INLINE int8x16x4_t values(const char *block, size_t group) {
    const gb_block_q6_K *b = (const gb_block_q6_K *)block;
    const uint8_t *ql = b->ql + 64 * (group / 2) + 16 * (group % 2);
    const uint8x16_t l0 = vld1q_u8(ql);
    const uint8x16_t l1 = vld1q_u8(ql + 32);
    const uint8x16_t h = vld1q_u8(b->qh + 16 * group);
    const uint8x16_t nibble = vdupq_n_u8(15);
    const uint8x16_t top = vdupq_n_u8(0x30);
    const uint8x16_t code[4] = {
        vorrq_u8(vandq_u8(l0, nibble), vandq_u8(vshlq_n_u8(h, 4), top)),
        vorrq_u8(vandq_u8(l1, nibble), vandq_u8(vshlq_n_u8(h, 2), top)),
        vorrq_u8(vshrq_n_u8(l0, 4), vandq_u8(h, top)),
        vorrq_u8(vshrq_n_u8(l1, 4), vandq_u8(vshrq_n_u8(h, 2), top)),
    };
    int8x16x4_t value;
    for (size_t q = 0; q < 4; q++) value.val[q] = vsubq_s8(vreinterpretq_s8_u8(code[q]), vdupq_n_s8(32));
    return value;
}

GB_NEON_INLINE gb_neon_scales scales(const char *block) {
    gb_neon_scales s;
    memcpy(s.sc, block + offsetof(gb_block_q6_K, scales), sizeof s.sc);
    return s;
}

static const gb_neon_super format = {.bytes = sizeof(gb_block_q6_K),
                                     .d_at = offsetof(gb_block_q6_K, d),
                                     .sub = 16,
                                     .planes = 1,
                                     .values = values,
                                     .scales = scales};

GB_NEON_SUPER_KERNELS(q6_K)
