/* q8_0 in vectors of sixteen bytes. */
#include "kernels/vec16/blocks32.h"
#include "kernels/vec16/bytes32.h"

static inline void encode(const float *x, gb_block_q8_0 *b, size_t blocks) {
    for (size_t k = 0; k < blocks; k++) b[k].d = gb_f16_from_f32(gb_round_bytes32(x + k * 32, b[k].qs));
}

GB_INLINE gb_bytes2 codes(const char *block, size_t i) {
    (void)i; /* there are no more */
    const gb_block_q8_0 *b = (const gb_block_q8_0 *)block;
    return (gb_bytes2){{gb_v_load(b->qs), gb_v_load(b->qs + 16)}};
}

static const gb_block32 kind = {.codes = codes, .bytes = sizeof(gb_block_q8_0), .range = GB_ANY_BYTE};
