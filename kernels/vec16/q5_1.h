/* q5_1 in vectors of sixteen bytes. */
#include "kernels/vec16/blocks32.h"

GB_INLINE gb_bytes2 codes(const char *block, size_t i) {
    (void)i; /* there are no more */
    const gb_block_q5_1 *b = (const gb_block_q5_1 *)block;
    return gb_five_bits32(b->qs, b->qh);
}

static const gb_block32 kind = {.codes = codes, .bytes = sizeof(gb_block_q5_1), .range = GB_BELOW_64, .affine = 1};
