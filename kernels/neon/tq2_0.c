/* tq2_0 on NEON. */
#include "kernels/neon/super.h"

GB_NEON_INLINE int8x16x4_t values(const char *block, size_t group) {
    return gb_neon_two_bits(block + offsetof(gb_block_tq2_0, qs) + 16 * group, 1);
}

static const gb_neon_super format = {.bytes = sizeof(gb_block_tq2_0),
                                     .d_at = offsetof(gb_block_tq2_0, d),
                                     .sub = 16,
                                     .planes = 1,
                                     .values = values,
                                     .scales = gb_neon_scales_one};

GB_NEON_SUPER_KERNELS(tq2_0)
