/* q3_K in vectors of sixteen bytes. */
#include "kernels/vec16/super.h"

/* code - 4: bits 2q, 2q + 1 of sixteen bytes of qs and, above them, bit 4h + q of hmask are quarter q of half h. */
GB_INLINE gb_bytes4 values(const char *block, size_t group) {
    const gb_block_q3_K *b = (const gb_block_q3_K *)block;
    const gb_bytes x = gb_v_load(b->qs + 16 * group);
    const gb_bytes h = gb_v_load(b->hmask + 16 * (group % 2));
    gb_bytes4 value;
    for (int q = 0; q < 4; q++) {
        const gb_bytes low = gb_v_and(gb_v_shift(x, -2 * q), gb_v_set(3));
        const gb_bytes top = gb_v_and(gb_v_shift(h, 2 - (int)(group / 2 * 4) - q), gb_v_set(4));
        value.val[q] = gb_v_sub(gb_v_or(low, top), gb_v_set(4));
    }
    return value;
}

/* Sixteen codes of six bits: nibbles of words 0 and 1, two bits each of word 2 on top. */
GB_INLINE gb_super_scales scales(const char *block) {
    uint32_t word[3];
    memcpy(word, block + offsetof(gb_block_q3_K, scales), sizeof word);
    gb_super_scales s;
    for (size_t i = 0; i < 4; i++) {
        const uint32_t code = (word[i % 2] >> i / 2 * 4 & 0x0f0f0f0fU) | (word[2] >> 2 * i & 0x03030303U) << 4;
        memcpy(s.sc + 4 * i, &code, sizeof code);
    }
    gb_v_store(s.sc, gb_v_sub(gb_v_load(s.sc), gb_v_set(32)));
    return s;
}

static const gb_super format = {.bytes = sizeof(gb_block_q3_K),
                                .d_at = offsetof(gb_block_q3_K, d),
                                .sub = 16,
                                .planes = 1,
                                .range = GB_BELOW_64,
                                .values = values,
                                .scales = scales};
