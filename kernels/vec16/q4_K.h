/* q4_K in vectors of sixteen bytes. */
#include "kernels/vec16/super.h"

GB_INLINE gb_bytes4 values(const char *block, size_t group) {
    return gb_nibbles64(block + offsetof(gb_block_q4_K, qs) + 32 * group);
}

GB_INLINE gb_super_scales scales(const char *block) {
    return gb_scales_mins(block + offsetof(gb_block_q4_K, scales));
}

static const gb_super format = {.bytes = sizeof(gb_block_q4_K),
                                .d_at = offsetof(gb_block_q4_K, d),
                                .sub = 32,
                                .mins = 1,
                                .range = GB_BELOW_64,
                                .values = values,
                                .scales = scales};
