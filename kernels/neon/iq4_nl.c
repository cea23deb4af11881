/* iq4_nl on NEON: nibbles choose from a table of signed levels. */
#include "kernels/neon/blocks32.h"
#include "reference/iq4.h"

GB_NEON_INLINE int8x16x2_t codes(const char *block, size_t i) {
    (void)i; /* there are no more */
    return gb_neon_levels(gb_iq4_levels, gb_neon_nibbles(((const gb_block_iq4_nl *)block)->qs));
}

static const gb_neon_block32 kind = {.codes = codes, .bytes = sizeof(gb_block_iq4_nl), .narrow = 0, .affine = 0};
GB_NEON_BLOCK32_KERNELS(iq4_nl, kind)
