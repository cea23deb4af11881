/* q8_0 on NEON. */
#include "kernels/neon/blocks32.h"

enum { BLOCK = 32 };

void gb_q8_0_quantize_act_neon(const float *x, void *blocks, size_t n) {
    gb_block_q8_0 *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++) b[k].d = gb_f16_from_f32(gb_neon_encode32(x + k * BLOCK, b[k].qs));
}

void gb_q8_0_quantize_neon(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance; /* nothing is searched */
    gb_q8_0_quantize_act_neon(x, blocks, n);
}

GB_NEON_INLINE int8x16x2_t codes(const char *block, size_t i) {
    (void)i; /* there are no more */
    const gb_block_q8_0 *b = (const gb_block_q8_0 *)block;
    return (int8x16x2_t){{vld1q_s8(b->qs), vld1q_s8(b->qs + 16)}};
}

static const gb_neon_block32 kind = {.codes = codes, .bytes = sizeof(gb_block_q8_0), .narrow = 0};
GB_NEON_BLOCK32_KERNELS(q8_0, kind)
