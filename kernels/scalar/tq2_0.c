/* tq2_0, plain C: one sub-block, whose scale is 1. */
#include "kernels/scalar/super.h"

enum { PLANE = 32, PLANES = 4, HALF = 128 };

static void unpack(const void *row, size_t block, gb_flat_block *out) {
    const gb_block_tq2_0 *b = (const gb_block_tq2_0 *)row + block;
    out->d = gb_f32_from_f16(b->d);
    out->sc[0] = 1;
    for (size_t h = 0; h < 2; h++)
        for (size_t l = 0; l < PLANES; l++)
            for (size_t m = 0; m < PLANE; m++)
                out->code[HALF * h + PLANE * l + m] = (b->qs[PLANE * h + m] >> 2 * l & 3) - 1;
}

GB_INLINE int plane_sum(const uint8_t *x, int shift, const int8_t *q) {
    int sum = 0;
    for (size_t m = 0; m < PLANE; m++) sum += (x[m] >> shift & 3) * q[m];
    return sum;
}

GB_INLINE void sums(const void *block, const gb_block_q8_K *a, int *isum, int *msum) {
    const gb_block_tq2_0 *b = block;
    *isum = *msum = 0;
    for (size_t h = 0; h < 2; h++) {
        const uint8_t *x = b->qs + PLANE * h;
        const int8_t *q = a->qs + HALF * h;
        *isum += plane_sum(x, 0, q) + plane_sum(x, 2, q + PLANE);
        *isum += plane_sum(x, 4, q + 2 * PLANE) + plane_sum(x, 6, q + 3 * PLANE);
    }
    for (size_t j = 0; j < 16; j++) *isum -= a->bsums[j]; /* the codes above are value + 1 */
}

static const gb_super format = {.flat = {.elems = GB_BLOCK, .subs = 1, .unpack = unpack, .act = gb_act_q8_K},
                                .bytes = sizeof(gb_block_tq2_0),
                                .sums = sums,
                                .d_at = offsetof(gb_block_tq2_0, d)};

GB_SUPER_KERNELS(tq2_0)
