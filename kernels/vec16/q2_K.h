/* q2_K in vectors of sixteen bytes. */
#include "kernels/vec16/super.h"

GB_INLINE gb_bytes4 values(const char *block, size_t group) {
    return gb_two_bits64(block + offsetof(gb_block_q2_K, qs) + 16 * group, 0);
}

GB_INLINE gb_super_scales scales(const char *block) {
    const gb_bytes x = gb_v_load(block + offsetof(gb_block_q2_K, scales));
    gb_super_scales s;
    gb_v_store(s.sc, gb_v_and(x, gb_v_set(15)));
    gb_v_store(s.mn, gb_v_shr(x, 4));
    return s;
}

static const gb_super format = {.bytes = sizeof(gb_block_q2_K),
                                .d_at = offsetof(gb_block_q2_K, d),
                                .sub = 16,
                                .planes = 1,
                                .mins = 1,
                                .range = GB_BELOW_64,
                                .values = values,
                                .scales = scales};
