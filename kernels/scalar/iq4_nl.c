/* iq4_nl, plain C. */
#include "kernels/scalar/common.h"
#include "reference/iq4.h"

static void unpack(const void *row, size_t block, gb_flat_block *out) {
    const gb_block_iq4_nl *b = (const gb_block_iq4_nl *)row + block;
    out->d = gb_f32_from_f16(b->d);
    out->sc[0] = 1;
    gb_unpack_levels(gb_iq4_levels, b->qs, out->code);
}

static const gb_flat_format format = {.elems = 32, .subs = 1, .unpack = unpack, .act = gb_act_q8_0};
GB_BLOCK32_KERNELS(iq4_nl, format)
