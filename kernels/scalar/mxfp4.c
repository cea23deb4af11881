/* mxfp4, plain C. */
#include "kernels/scalar/levels.h"
#include "reference/e2m1.h"
#include "reference/scale8.h"

GB_INLINE const uint8_t *find(const void *row, size_t block, float *d) {
    const gb_block_mxfp4 *b = (const gb_block_mxfp4 *)row + block;
    *d = gb_f32_from_e8m0_half(b->e);
    return b->qs;
}

GB_LEVEL_KERNELS(mxfp4, gb_e2m1_doubled, 32, gb_act_q8_0)
