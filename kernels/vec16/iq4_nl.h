/* iq4_nl in vectors of sixteen bytes: nibbles choose from a table of signed levels, -127..113. */
#include "kernels/vec16/blocks32.h"
#include "reference/iq4.h"

GB_INLINE gb_bytes2 codes(const char *block, size_t i) {
    (void)i; /* there are no more */
    return gb_levels32(gb_iq4_levels, gb_nibbles32(((const gb_block_iq4_nl *)block)->qs));
}

static const gb_block32 kind = {.codes = codes, .bytes = sizeof(gb_block_iq4_nl), .range = GB_BELOW_128};
