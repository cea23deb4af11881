/* mxfp4 on NEON: nibbles choose from a table of levels. */
#include "kernels/neon/blocks32.h"
#include "reference/e2m1.h"
#include "reference/scale8.h"

GB_NEON_INLINE int8x16x2_t codes(const char *block, size_t i) {
    (void)i; /* there are no more */
    return gb_neon_levels(gb_e2m1_doubled, gb_neon_nibbles(((const gb_block_mxfp4 *)block)->qs));
}

GB_NEON_INLINE float scale(const char *block, size_t term) {
    (void)term;
    return gb_f32_from_e8m0_half(((const gb_block_mxfp4 *)block)->e);
}

static const gb_neon_block32 kind = {.codes = codes, .scale = scale, .bytes = sizeof(gb_block_mxfp4), .narrow = 1};
GB_NEON_BLOCK32_KERNELS(mxfp4, kind)
