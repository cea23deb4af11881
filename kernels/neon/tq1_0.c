/* tq1_0 on NEON. */
#include "kernels/neon/super.h"

/* Trit n of sixteen bytes, less 1. The bytes are fractions of base 3: times 3^n, modulo 256, the trits before it are
 * gone, and it is what a further 3 carries out: 3 r / 256, here as (r + r / 2) / 2 / 64. */
GB_NEON_INLINE int8x16_t trit(const uint8_t *bytes, size_t n) {
    static const uint8_t power[5] = {1, 3, 9, 27, 81};
    const uint8x16_t rest = vmulq_u8(vld1q_u8(bytes), vdupq_n_u8(power[n]));
    const uint8x16_t code = vshrq_n_u8(vhaddq_u8(rest, vshrq_n_u8(rest, 1)), 6);
    return vsubq_s8(vreinterpretq_s8_u8(code), vdupq_n_s8(1));
}

/* The last four bytes, each with its four trits: times 1, 3, 9, 27. */
GB_NEON_INLINE int8x16_t last(const uint8_t *qh) {
    static const uint8_t power[16] = {1, 1, 1, 1, 3, 3, 3, 3, 9, 9, 9, 9, 27, 27, 27, 27};
    uint32_t four;
    memcpy(&four, qh, sizeof four);
    uint8_t bytes[16];
    vst1q_u8(bytes, vmulq_u8(vreinterpretq_u8_u32(vdupq_n_u32(four)), vld1q_u8(power)));
    return trit(bytes, 0);
}

/* Sixteen elements j: trits of 32 bytes up to the tenth, then of sixteen, then of four. */
GB_NEON_INLINE int8x16_t sixteen(const gb_block_tq1_0 *b, size_t j) {
    if (j < 10) return trit(b->qs + 16 * (j % 2), j / 2);
    return j < 15 ? trit(b->qs + 32, j - 10) : last(b->qh);
}

GB_NEON_INLINE int8x16x4_t values(const char *block, size_t group) {
    const gb_block_tq1_0 *b = (const gb_block_tq1_0 *)block;
    return (int8x16x4_t){
        {sixteen(b, 4 * group), sixteen(b, 4 * group + 1), sixteen(b, 4 * group + 2), sixteen(b, 4 * group + 3)}};
}

static const gb_neon_super format = {.bytes = sizeof(gb_block_tq1_0),
                                     .d_at = offsetof(gb_block_tq1_0, d),
                                     .sub = 32,
                                     .values = values,
                                     .scales = gb_neon_scales_one};

GB_NEON_SUPER_KERNELS(tq1_0)
