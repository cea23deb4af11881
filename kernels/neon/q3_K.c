/* q3_K on NEON. */
#include "kernels/neon/super.h"

/* code - 4: bits 2q, 2q + 1 of sixteen bytes of qs and, above them, bit 4h + q of hmask are quarter q of half h. */
GB_NEON_INLINE int8x16x4_t values(const char *block, size_t group) {
    const gb_block_q3_K *b = (const gb_block_q3_K *)block;
    const uint8x16_t x = vld1q_u8(b->qs + 16 * group);
    const uint8x16_t h = vld1q_u8(b->hmask + 16 * (group % 2));
    int8x16x4_t value;
    for (int q = 0; q < 4; q++) {
        const uint8x16_t low = vandq_u8(vshlq_u8(x, vdupq_n_s8((int8_t)(-2 * q))), vdupq_n_u8(3));
        const int8_t up = (int8_t)(2 - (int)(group / 2 * 4) - q);
        const uint8x16_t code = vorrq_u8(low, vandq_u8(vshlq_u8(h, vdupq_n_s8(up)), vdupq_n_u8(4)));
        value.val[q] = vsubq_s8(vreinterpretq_s8_u8(code), vdupq_n_s8(4));
    }
    return value;
}

/* Sixteen codes of six bits: nibbles of words 0 and 1, two bits each of word 2 on top. */
GB_NEON_INLINE gb_neon_scales scales(const char *block) {
    uint32_t word[3];
    memcpy(word, block + offsetof(gb_block_q3_K, scales), sizeof word);
    gb_neon_scales s;
    for (size_t i = 0; i < 4; i++) {
        const uint32_t code = (word[i % 2] >> i / 2 * 4 & 0x0f0f0f0fU) | (word[2] >> 2 * i & 0x03030303U) << 4;
        memcpy(s.sc + 4 * i, &code, sizeof code);
    }
    vst1q_s8(s.sc, vsubq_s8(vld1q_s8(s.sc), vdupq_n_s8(32)));
    return s;
}

static const gb_neon_super format = {.bytes = sizeof(gb_block_q3_K),
                                     .d_at = offsetof(gb_block_q3_K, d),
                                     .sub = 16,
                                     .planes = 1,
                                     .values = values,
                                     .scales = scales};

GB_NEON_SUPER_KERNELS(q3_K)
