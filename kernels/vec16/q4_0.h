/* q4_0 in vectors of sixteen bytes. */
#include "kernels/vec16/blocks32.h"

GB_INLINE gb_bytes2 codes(const char *block, size_t i) {
    (void)i; /* there are no more */
    return gb_lowered32(gb_nibbles32(((const gb_block_q4_0 *)block)->qs), 8);
}

static const gb_block32 kind = {.codes = codes, .bytes = sizeof(gb_block_q4_0), .range = GB_BELOW_64};
