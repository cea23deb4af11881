/* q4_1 in vectors of sixteen bytes. */
#include "kernels/vec16/blocks32.h"

GB_INLINE gb_bytes2 codes(const char *block, size_t i) {
    (void)i; /* there are no more */
    return gb_nibbles32(((const gb_block_q4_1 *)block)->qs);
}

static const gb_block32 kind = {.codes = codes, .bytes = sizeof(gb_block_q4_1), .range = GB_BELOW_64, .affine = 1};
