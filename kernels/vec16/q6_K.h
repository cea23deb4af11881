/* q6_K in vectors of sixteen bytes. */
#include "kernels/vec16/super.h"

/* code - 32: low nibbles are shared by quarters 0, 2 and by 1, 3; bits 2q, 2q + 1 of qh are the top of quarter q. */
GB_INLINE gb_bytes4 values(const char *block, size_t group) {
    const gb_block_q6_K *b = (const gb_block_q6_K *)block;
    const uint8_t *ql = b->ql + 64 * (group / 2) + 16 * (group % 2);
    const gb_bytes l0 = gb_v_load(ql);
    const gb_bytes l1 = gb_v_load(ql + 32);
    const gb_bytes h = gb_v_load(b->qh + 16 * group);
    const gb_bytes nibble = gb_v_set(15);
    const gb_bytes top = gb_v_set(0x30);
    gb_bytes4 value = {{gb_v_or(gb_v_and(l0, nibble), gb_v_and(gb_v_shl(h, 4), top)),
                        gb_v_or(gb_v_and(l1, nibble), gb_v_and(gb_v_shl(h, 2), top)),
                        gb_v_or(gb_v_shr(l0, 4), gb_v_and(h, top)),
                        gb_v_or(gb_v_shr(l1, 4), gb_v_and(gb_v_shr(h, 2), top))}};
    for (size_t q = 0; q < 4; q++) value.val[q] = gb_v_sub(value.val[q], gb_v_set(32));
    return value;
}

GB_INLINE gb_super_scales scales(const char *block) {
    gb_super_scales s;
    memcpy(s.sc, block + offsetof(gb_block_q6_K, scales), sizeof s.sc);
    return s;
}

static const gb_super format = {.bytes = sizeof(gb_block_q6_K),
                                .d_at = offsetof(gb_block_q6_K, d),
                                .sub = 16,
                                .planes = 1,
                                .range = GB_BELOW_64,
                                .values = values,
                                .scales = scales};
