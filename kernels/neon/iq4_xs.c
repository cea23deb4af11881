/* iq4_xs on NEON: nibbles choose from a table of signed levels. */
#include "kernels/iq4_xs.h"
#include "kernels/neon/super.h"
#include "reference/iq4.h"

/* Two sub-blocks: sixteen bytes each, the first sixteen elements in the low nibbles. */
GB_NEON_INLINE int8x16x4_t values(const char *block, size_t group) {
    const uint8_t *qs = (const uint8_t *)block + offsetof(gb_block_iq4_xs, qs) + 32 * group;
    const int8x16_t table = vld1q_s8(gb_iq4_levels);
    int8x16x4_t value;
    for (size_t s = 0; s < 2; s++) {
        const uint8x16_t pairs = vld1q_u8(qs + 16 * s);
        value.val[2 * s] = vqtbl1q_s8(table, vandq_u8(pairs, vdupq_n_u8(15)));
        value.val[2 * s + 1] = vqtbl1q_s8(table, vshrq_n_u8(pairs, 4));
    }
    return value;
}

GB_NEON_INLINE gb_neon_scales scales(const char *block) {
    gb_neon_scales s;
    gb_iq4_xs_store_scales(block, s.sc);
    return s;
}

static const gb_neon_super format = {.bytes = sizeof(gb_block_iq4_xs),
                                     .d_at = offsetof(gb_block_iq4_xs, d),
                                     .sub = 32,
                                     .wide = 1,
                                     .values = values,
                                     .scales = scales};

GB_NEON_SUPER_KERNELS(iq4_xs)
