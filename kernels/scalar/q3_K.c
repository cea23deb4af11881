/* q3_K, plain C. */
#include "kernels/scalar/super.h"

enum { SUB = 16, SUBS = 16 };

/* Sub-block j = 8h + 2q + s: bits 2q, 2q + 1 of the s-th sixteen bytes of half h of qs, bit 4h + q of the s-th sixteen
 * bytes of hmask. */
GB_INLINE const uint8_t *low(const gb_block_q3_K *b, size_t j) {
    return b->qs + j / 8 * 32 + j % 2 * SUB;
}

GB_INLINE const uint8_t *high(const gb_block_q3_K *b, size_t j) {
    return b->hmask + j % 2 * SUB;
}

/* Sixteen scales, four bytes a word: nibbles of words 0 and 1, two bits each of word 2 on top. */
static void get_scales(const gb_block_q3_K *b, int32_t sc[SUBS]) {
    uint32_t u[3];
    memcpy(u, b->scales, sizeof u);
    for (size_t i = 0; i < 4; i++) {
        const uint32_t word = (u[i % 2] >> i / 2 * 4 & 0x0f0f0f0fU) | (u[2] >> 2 * i & 0x03030303U) << 4;
        for (size_t j = 0; j < 4; j++) sc[4 * i + j] = (int32_t)(word >> 8 * j & 63U) - 32;
    }
}

static void unpack(const void *row, size_t block, gb_flat_block *out) {
    const gb_block_q3_K *b = (const gb_block_q3_K *)row + block;
    out->d = gb_f32_from_f16(b->d);
    get_scales(b, out->sc);
    for (size_t j = 0; j < SUBS; j++)
        for (size_t l = 0; l < SUB; l++)
            out->code[SUB * j + l] = ((low(b, j)[l] >> j % 8 / 2 * 2 & 3) | (high(b, j)[l] >> j / 2 & 1) << 2) - 4;
}

GB_INLINE void sums(const void *block, const gb_block_q8_K *a, int *isum, int *msum) {
    const gb_block_q3_K *b = block;
    int32_t sc[SUBS];
    get_scales(b, sc);
    *isum = *msum = 0;
    for (size_t j = 0; j < SUBS; j++) {
        const int shift = (int)(j % 8 / 2 * 2);
        const int sub = gb_plane_sum(low(b, j), shift, 3, high(b, j), (int)(j / 2), 1, 2, a->qs + SUB * j);
        *isum += sc[j] * (sub - 4 * a->bsums[j]);
    }
}

static const gb_super format = {.flat = {.elems = GB_BLOCK, .subs = SUBS, .unpack = unpack, .act = gb_act_q8_K},
                                .bytes = sizeof(gb_block_q3_K),
                                .sums = sums,
                                .d_at = offsetof(gb_block_q3_K, d)};

GB_SUPER_KERNELS(q3_K)
