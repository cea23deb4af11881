/* iq4_nl, plain C. */
#include "kernels/scalar/levels.h"
#include "reference/iq4.h"

GB_INLINE const uint8_t *find(const void *row, size_t block, float *d) {
    const gb_block_iq4_nl *b = (const gb_block_iq4_nl *)row + block;
    *d = gb_f32_from_f16(b->d);
    return b->qs;
}

GB_LEVEL_KERNELS(iq4_nl, gb_iq4_levels, 32, gb_act_q8_0)
