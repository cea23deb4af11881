/* iq4_xs in vectors of sixteen bytes: nibbles choose from a table of signed levels. */
#include "kernels/iq4_xs.h"
#include "kernels/vec16/super.h"
#include "reference/iq4.h"

/* Two sub-blocks: sixteen bytes each, the first sixteen elements in the low nibbles. */
GB_INLINE gb_bytes4 values(const char *block, size_t group) {
    const uint8_t *qs = (const uint8_t *)block + offsetof(gb_block_iq4_xs, qs) + 32 * group;
    const gb_bytes table = gb_v_load(gb_iq4_levels);
    gb_bytes4 value;
    for (size_t s = 0; s < 2; s++) {
        const gb_bytes pairs = gb_v_load(qs + 16 * s);
        value.val[2 * s] = gb_v_lookup(table, gb_v_and(pairs, gb_v_set(15)));
        value.val[2 * s + 1] = gb_v_lookup(table, gb_v_shr(pairs, 4));
    }
    return value;
}

GB_INLINE gb_super_scales scales(const char *block) {
    gb_super_scales s;
    gb_iq4_xs_store_scales(block, s.sc);
    return s;
}

static const gb_super format = {.bytes = sizeof(gb_block_iq4_xs),
                                .d_at = offsetof(gb_block_iq4_xs, d),
                                .sub = 32,
                                .range = GB_BELOW_128,
                                .values = values,
                                .scales = scales};
