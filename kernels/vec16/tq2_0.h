/* tq2_0 in vectors of sixteen bytes. */
#include "kernels/vec16/super.h"

GB_INLINE gb_bytes4 values(const char *block, size_t group) {
    return gb_two_bits64(block + offsetof(gb_block_tq2_0, qs) + 16 * group, 1);
}

static const gb_super format = {.bytes = sizeof(gb_block_tq2_0),
                                .d_at = offsetof(gb_block_tq2_0, d),
                                .sub = 16,
                                .planes = 1,
                                .range = GB_BELOW_64,
                                .values = values,
                                .scales = gb_scales_one};
