/* q2_K on NEON. */
#include "kernels/neon/super.h"

GB_NEON_INLINE int8x16x4_t values(const char *block, size_t group) {
    return gb_neon_two_bits(block + offsetof(gb_block_q2_K, qs) + 16 * group, 0);
}

GB_NEON_INLINE gb_neon_scales scales(const char *block) {
    const uint8x16_t x = vld1q_u8((const uint8_t *)block + offsetof(gb_block_q2_K, scales));
    gb_neon_scales s;
    vst1q_s8(s.sc, vreinterpretq_s8_u8(vandq_u8(x, vdupq_n_u8(15))));
    vst1q_u8(s.mn, vshrq_n_u8(x, 4));
    return s;
}

static const gb_neon_super format = {.bytes = sizeof(gb_block_q2_K),
                                     .d_at = offsetof(gb_block_q2_K, d),
                                     .sub = 16,
                                     .planes = 1,
                                     .mins = 1,
                                     .values = values,
                                     .scales = scales};

GB_NEON_SUPER_KERNELS(q2_K)
