/* mxfp4 in vectors of sixteen bytes: nibbles choose from a table of levels. */
#include "kernels/vec16/blocks32.h"
#include "reference/e2m1.h"
#include "reference/scale8.h"

GB_INLINE gb_bytes2 codes(const char *block, size_t i) {
    (void)i; /* there are no more */
    return gb_levels32(gb_e2m1_doubled, gb_nibbles32(((const gb_block_mxfp4 *)block)->qs));
}

GB_INLINE float scale(const char *block, size_t term) {
    (void)term;
    return gb_f32_from_e8m0_half(((const gb_block_mxfp4 *)block)->e);
}

static const gb_block32 kind = {.codes = codes, .scale = scale, .bytes = sizeof(gb_block_mxfp4), .range = GB_BELOW_64};
