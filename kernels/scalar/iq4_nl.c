/* iq4_nl, plain C. */
#include "kernels/scalar/common.h"
#include "reference/iq4.h"

static void unpack(const void *row, size_t block, gb_flat_block *out) {
    const gb_block_iq4_nl *b = (const gb_block_iq4_nl *)row + block;
    out->d = gb_f32_from_f16(b->d);
    out->sc[0] = 1;
    gb_unpack_levels(gb_iq4_levels, b->qs, sizeof b->qs, out->code);
}

GB_INLINE int sum(const void *row, size_t block, const int8_t *qs, float *d) {
    const gb_block_iq4_nl *b = (const gb_block_iq4_nl *)row + block;
    *d = gb_f32_from_f16(b->d);
    return gb_level_sum(gb_iq4_levels, b->qs, sizeof b->qs, qs);
}

static const gb_flat_format format = {.elems = 32, .subs = 1, .unpack = unpack, .act = gb_act_q8_0, .sum = sum};
GB_TERM_KERNELS(iq4_nl, format)
