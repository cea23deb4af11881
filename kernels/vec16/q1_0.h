/* q1_0 in vectors of sixteen bytes: four float terms a block. */
#include "kernels/vec16/blocks32.h"

GB_INLINE gb_bytes2 codes(const char *block, size_t i) {
    const uint8_t *bits = ((const gb_block_q1_0 *)block)->qs + 4 * i;
    const gb_bytes2 code = {{gb_bits16(bits, 0, 2), gb_bits16(bits, 1, 2)}};
    return gb_lowered32(code, 1);
}

static const gb_block32 kind = {.codes = codes, .bytes = sizeof(gb_block_q1_0), .range = GB_BELOW_64, .per = 4};
