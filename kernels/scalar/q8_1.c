/* q8_1, plain C: the codes of q8_0 and the sum of the elements. */
#include "kernels/scalar/bytes32.h"

enum { BLOCK = 32 };

void gb_q8_1_quantize_act_scalar(const float *x, void *blocks, size_t n) {
    gb_block_q8_1 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++) {
        const float d = gb_round_bytes32(x + i * BLOCK, b[i].qs);
        int sum = 0;
        for (size_t j = 0; j < BLOCK; j++) sum += b[i].qs[j];
        b[i].d = gb_f16_from_f32(d);
        b[i].s = gb_f16_from_scale((float)sum * d); /* NaN where d is infinite */
    }
}

void gb_q8_1_dequantize_scalar(const void *blocks, float *x, size_t n) {
    const gb_block_q8_1 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++) gb_dequantize_bytes32(b[i].qs, b[i].d, x + i * BLOCK);
}
