/* q1_0, plain C: four float terms a block. */
#include "kernels/scalar/common.h"

/* The 32 bits of a term, and its scale. */
GB_INLINE uint32_t find(const void *row, size_t term, float *d) {
    const gb_block_q1_0 *b = (const gb_block_q1_0 *)row + term / 4;
    uint32_t bits;
    memcpy(&bits, b->qs + term % 4 * 4, sizeof bits);
    *d = gb_f32_from_f16(b->d);
    return bits;
}

GB_INLINE int sign(uint32_t bits, size_t j) {
    return (int)(bits >> j << 1 & 2U) - 1;
}

static void unpack(const void *row, size_t term, gb_flat_block *out) {
    const uint32_t bits = find(row, term, &out->d);
    out->sc[0] = 1;
    for (size_t j = 0; j < 32; j++) out->code[j] = sign(bits, j);
}

GB_INLINE int sum(const void *row, size_t term, const int8_t *qs, float *d) {
    uint32_t bits = find(row, term, d);
    int total = 0;
    for (size_t i = 0; i < 32; i += 4, bits >>= 4) /* by constants: loops over shifts are vectorized, badly */
        total +=
            sign(bits, 0) * qs[i] + sign(bits, 1) * qs[i + 1] + sign(bits, 2) * qs[i + 2] + sign(bits, 3) * qs[i + 3];
    return total;
}

static const gb_flat_format format = {.elems = 32, .subs = 1, .unpack = unpack, .act = gb_act_q8_0, .sum = sum};
GB_TERM_KERNELS(q1_0, format)
