/* q5_0, plain C. */
#include "kernels/scalar/common.h"

static void unpack(const void *row, size_t block, gb_flat_block *out) {
    const gb_block_q5_0 *b = (const gb_block_q5_0 *)row + block;
    out->d = gb_f32_from_f16(b->d);
    out->sc[0] = 1;
    gb_unpack_nibbles(b->qs, b->qh, 16, out->code);
}

static const gb_flat_format format = {.elems = 32, .subs = 1, .affine = 0, .unpack = unpack, .act = gb_act_q8_0};
GB_TERM_KERNELS(q5_0, format)
