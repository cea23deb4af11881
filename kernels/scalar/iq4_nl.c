/* iq4_nl, plain C. */
#include "kernels/scalar/common.h"

static void unpack(const void *row, size_t block, gb_flat_block *out) {
    static const int8_t levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    const gb_block_iq4_nl *b = (const gb_block_iq4_nl *)row + block;
    out->d = gb_f32_from_f16(b->d);
    out->sc[0] = 1;
    for (size_t j = 0; j < 16; j++) {
        out->code[j] = levels[b->qs[j] & 15];
        out->code[j + 16] = levels[b->qs[j] >> 4];
    }
}

static const gb_flat_format format = {.elems = 32, .subs = 1, .unpack = unpack, .act = gb_act_q8_0};
GB_BLOCK32_KERNELS(iq4_nl, format)
