/* q4_1, plain C. */
#include "kernels/scalar/common.h"

static void unpack(const void *row, size_t block, gb_flat_block *out) {
    const gb_block_q4_1 *b = (const gb_block_q4_1 *)row + block;
    out->d = gb_f32_from_f16(b->d);
    out->dmin = gb_f32_from_f16(b->m);
    out->sc[0] = 1;
    gb_unpack_nibbles(b->qs, NULL, 0, out->code);
}

static const gb_flat_format format = {.elems = 32, .subs = 1, .affine = 1, .unpack = unpack, .act = gb_act_q8_1};
GB_TERM_KERNELS(q4_1, format)
