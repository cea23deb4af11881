/* q4_K on NEON. */
#include "kernels/neon/super.h"

GB_NEON_INLINE int8x16x4_t values(const char *block, size_t group) {
    return gb_neon_nibbles64(block + offsetof(gb_block_q4_K, qs) + 32 * group);
}

GB_NEON_INLINE gb_neon_scales scales(const char *block) {
    return gb_neon_scales_mins(block + offsetof(gb_block_q4_K, scales));
}

static const gb_neon_super format = {.bytes = sizeof(gb_block_q4_K),
                                     .d_at = offsetof(gb_block_q4_K, d),
                                     .sub = 32,
                                     .mins = 1,
                                     .values = values,
                                     .scales = scales};

GB_NEON_SUPER_KERNELS(q4_K)
