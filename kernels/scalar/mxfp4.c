/* mxfp4, plain C. */
#include "kernels/scalar/common.h"
#include "reference/e2m1.h"
#include "reference/scale8.h"

static void unpack(const void *row, size_t block, gb_flat_block *out) {
    const gb_block_mxfp4 *b = (const gb_block_mxfp4 *)row + block;
    out->d = gb_f32_from_e8m0_half(b->e);
    out->sc[0] = 1;
    gb_unpack_levels(gb_e2m1_doubled, b->qs, sizeof b->qs, out->code);
}

GB_INLINE int sum(const void *row, size_t block, const int8_t *qs, float *d) {
    const gb_block_mxfp4 *b = (const gb_block_mxfp4 *)row + block;
    *d = gb_f32_from_e8m0_half(b->e);
    return gb_level_sum(gb_e2m1_doubled, b->qs, sizeof b->qs, qs);
}

static const gb_flat_format format = {.elems = 32, .subs = 1, .unpack = unpack, .act = gb_act_q8_0, .sum = sum};
GB_TERM_KERNELS(mxfp4, format)
