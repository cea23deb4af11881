/* q2_0 in vectors of sixteen bytes: two float terms a block. */
#include "kernels/vec16/blocks32.h"

/* Eight bytes, four codes in each: their bits apart, then interleaved. */
GB_INLINE gb_bytes2 codes(const char *block, size_t i) {
    const gb_bytes q = gb_v_load8(((const gb_block_q2_0 *)block)->qs + 8 * i);
    const gb_bytes two = gb_v_set(3);
    const gb_bytes low = gb_v_zip8_low(gb_v_and(q, two), gb_v_and(gb_v_shr(q, 2), two));
    const gb_bytes high = gb_v_zip8_low(gb_v_and(gb_v_shr(q, 4), two), gb_v_shr(q, 6));
    const gb_bytes2 code = {{gb_v_zip16_low(low, high), gb_v_zip16_high(low, high)}};
    return gb_lowered32(code, 1);
}

static const gb_block32 kind = {.codes = codes, .bytes = sizeof(gb_block_q2_0), .range = GB_BELOW_64, .per = 2};
