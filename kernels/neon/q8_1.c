/* q8_1 on NEON: the codes of q8_0 and the sum of the elements. */
#include "kernels/neon/blocks32.h"

enum { BLOCK = 32 };

void gb_q8_1_quantize_act_neon(const float *x, void *blocks, size_t n) {
    gb_block_q8_1 *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++) {
        const float d = gb_neon_encode32(x + k * BLOCK, b[k].qs);
        const int sum = vaddlvq_s8(vld1q_s8(b[k].qs)) + vaddlvq_s8(vld1q_s8(b[k].qs + 16));
        b[k].d = gb_f16_from_f32(d);
        b[k].s = gb_f16_from_scale((float)sum * d); /* NaN where d is infinite */
    }
}

void gb_q8_1_dequantize_neon(const void *blocks, float *x, size_t n) {
    const gb_block_q8_1 *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, b++, x += BLOCK) {
        const float d = gb_neon_load_scale(b);
        gb_neon_store_scaled(x, vld1q_s8(b->qs), d);
        gb_neon_store_scaled(x + 16, vld1q_s8(b->qs + 16), d);
    }
}
