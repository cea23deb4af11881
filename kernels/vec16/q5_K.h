/* q5_K in vectors of sixteen bytes: q4_K and a fifth bit. */
#include "kernels/vec16/super.h"

/* Group g: nibbles with, above them, bits 2g (of the low ones) and 2g + 1 (of the high ones) of qh. */
GB_INLINE gb_bytes4 values(const char *block, size_t group) {
    const char *qh = block + offsetof(gb_block_q5_K, qh);
    gb_bytes4 code = gb_nibbles64(block + offsetof(gb_block_q5_K, qs) + 32 * group);
    for (size_t v = 0; v < 4; v++) {
        const int up = 4 - (int)(2 * group + v / 2);
        const gb_bytes top = gb_v_and(gb_v_shift(gb_v_load(qh + 16 * (v % 2)), up), gb_v_set(16));
        code.val[v] = gb_v_or(code.val[v], top);
    }
    return code;
}

GB_INLINE gb_super_scales scales(const char *block) {
    return gb_scales_mins(block + offsetof(gb_block_q5_K, scales));
}

static const gb_super format = {.bytes = sizeof(gb_block_q5_K),
                                .d_at = offsetof(gb_block_q5_K, d),
                                .sub = 32,
                                .mins = 1,
                                .range = GB_BELOW_64,
                                .values = values,
                                .scales = scales};
