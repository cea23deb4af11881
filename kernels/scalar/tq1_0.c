/* tq1_0, plain C: one sub-block, whose scale is 1. */
#include "kernels/scalar/super.h"

/* `planes` trits, 0..2, of each of `count` bytes: the bytes are fractions of base 3, and what multiplying them by 3
 * carries out is the next trit. */
GB_INLINE void trits(const uint8_t *bytes, size_t count, size_t planes, uint8_t *code) {
    for (size_t p = 0; p < count; p++) {
        uint8_t rest = bytes[p];
        for (size_t l = 0; l < planes; l++) {
            code[l * count + p] = (uint8_t)(rest * 3 >> 8);
            rest = (uint8_t)(rest * 3);
        }
    }
}

GB_INLINE void all_trits(const gb_block_tq1_0 *b, uint8_t code[GB_BLOCK]) {
    trits(b->qs, 32, 5, code);
    trits(b->qs + 32, 16, 5, code + 160);
    trits(b->qh, 4, 4, code + 240);
}

static void unpack(const void *row, size_t block, gb_flat_block *out) {
    const gb_block_tq1_0 *b = (const gb_block_tq1_0 *)row + block;
    uint8_t code[GB_BLOCK];
    all_trits(b, code);
    out->d = gb_f32_from_f16(b->d);
    out->sc[0] = 1;
    for (size_t j = 0; j < GB_BLOCK; j++) out->code[j] = code[j] - 1;
}

GB_INLINE void sums(const void *block, const gb_block_q8_K *a, int *isum, int *msum) {
    uint8_t code[GB_BLOCK];
    all_trits(block, code);
    *isum = *msum = 0;
    for (size_t j = 0; j < GB_BLOCK; j++) *isum += code[j] * a->qs[j];
    for (size_t j = 0; j < 16; j++) *isum -= a->bsums[j]; /* the codes are value + 1 */
}

static const gb_super format = {.flat = {.elems = GB_BLOCK, .subs = 1, .unpack = unpack, .act = gb_act_q8_K},
                                .bytes = sizeof(gb_block_tq1_0),
                                .sums = sums,
                                .d_at = offsetof(gb_block_tq1_0, d)};

GB_SUPER_KERNELS(tq1_0)
