/* q2_0, plain C: two float terms a block. */
#include "kernels/scalar/common.h"

/* The eight bytes of a term, and its scale. */
GB_INLINE const uint8_t *find(const void *row, size_t term, float *d) {
    const gb_block_q2_0 *b = (const gb_block_q2_0 *)row + term / 2;
    *d = gb_f32_from_f16(b->d);
    return b->qs + term % 2 * 8;
}

static void unpack(const void *row, size_t term, gb_flat_block *out) {
    const uint8_t *qs = find(row, term, &out->d);
    out->sc[0] = 1;
    for (size_t j = 0; j < 32; j++) out->code[j] = (qs[j / 4] >> j % 4 * 2 & 3) - 1;
}

GB_INLINE int sum(const void *row, size_t term, const int8_t *qs, float *d) {
    const uint8_t *w = find(row, term, d);
    int total = 0;
    for (size_t i = 0; i < 8; i++, qs += 4)
        total += ((w[i] & 3) - 1) * qs[0] + ((w[i] >> 2 & 3) - 1) * qs[1] + ((w[i] >> 4 & 3) - 1) * qs[2] +
                 ((w[i] >> 6) - 1) * qs[3];
    return total;
}

static const gb_flat_format format = {.elems = 32, .subs = 1, .unpack = unpack, .act = gb_act_q8_0, .sum = sum};
GB_TERM_KERNELS(q2_0, format)
