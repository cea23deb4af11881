/* tq1_0 in vectors of sixteen bytes. No division: a byte is a fraction of base 3, and times 3^n, modulo 256, its first
 * trit is trit n. */
#include "kernels/vec16/super.h"

/* The first trit of fractions of base 3, less 1: what times 3 carries out of a byte, 1 from 86 on, 2 from 171 on. */
GB_INLINE gb_bytes first_trit(gb_bytes rest) {
    const gb_bytes two = gb_v_add(gb_v_from(rest, 86), gb_v_from(rest, 171));
    return gb_v_sub(gb_v_set(255), two); /* what is true is -1 */
}

/* Trit n of sixteen bytes: times 3^n, modulo 256, the trits before it are gone. */
GB_INLINE gb_bytes trit(const uint8_t *bytes, size_t n) {
    gb_bytes rest = gb_v_load(bytes);
    for (size_t i = 0; i < n; i++) rest = gb_v_add(rest, gb_v_add(rest, rest));
    return first_trit(rest);
}

/* The last four bytes, each with its four trits: times 1, 3, 9, 27. */
GB_INLINE gb_bytes last(const uint8_t *qh) {
    uint32_t word[4]; /* four bytes each, modulo 256 */
    word[0] = gb_u32_at(qh, 0);
    for (size_t i = 1; i < 4; i++) {
        const uint32_t even = (word[i - 1] & 0x00ff00ffU) * 3 & 0x00ff00ffU;
        const uint32_t odd = (word[i - 1] >> 8 & 0x00ff00ffU) * 3 & 0x00ff00ffU;
        word[i] = even | odd << 8;
    }
    return first_trit(gb_v_load(word));
}

/* Sixteen elements j: trits of 32 bytes up to the tenth, then of sixteen, then of four. */
GB_INLINE gb_bytes sixteen(const gb_block_tq1_0 *b, size_t j) {
    if (j < 10) return trit(b->qs + 16 * (j % 2), j / 2);
    return j < 15 ? trit(b->qs + 32, j - 10) : last(b->qh);
}

GB_INLINE gb_bytes4 values(const char *block, size_t group) {
    const gb_block_tq1_0 *b = (const gb_block_tq1_0 *)block;
    return (gb_bytes4){
        {sixteen(b, 4 * group), sixteen(b, 4 * group + 1), sixteen(b, 4 * group + 2), sixteen(b, 4 * group + 3)}};
}

static const gb_super format = {.bytes = sizeof(gb_block_tq1_0),
                                .d_at = offsetof(gb_block_tq1_0, d),
                                .sub = 32,
                                .range = GB_BELOW_64,
                                .values = values,
                                .scales = gb_scales_one};
