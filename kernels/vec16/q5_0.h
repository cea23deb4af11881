/* q5_0 in vectors of sixteen bytes. */
#include "kernels/vec16/blocks32.h"

GB_INLINE gb_bytes2 codes(const char *block, size_t i) {
    (void)i; /* there are no more */
    const gb_block_q5_0 *b = (const gb_block_q5_0 *)block;
    return gb_lowered32(gb_five_bits32(b->qs, b->qh), 16);
}

static const gb_block32 kind = {.codes = codes, .bytes = sizeof(gb_block_q5_0), .range = GB_BELOW_64};
