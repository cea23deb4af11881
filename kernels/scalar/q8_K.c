/* q8_K, plain C. */
#include "kernels/scalar/common.h"

enum { BLOCK = 256, SUB = 16 };

static void encode(const float *x, gb_block_q8_K *b) {
    const float extreme = gb_extreme(x, BLOCK);
    if (extreme == 0.0F) {
        memset(b, 0, sizeof *b);
        return;
    }
    const float inverse = -127.0F / extreme;
    b->d = 1.0F / inverse;
    for (size_t j = 0; j < BLOCK / SUB; j++) {
        int sum = 0;
        for (size_t l = 0; l < SUB; l++) {
            /* |inverse * x| rounds to 127 at most, or is infinite or NaN: either way the byte is 0 then */
            const float t = inverse * x[j * SUB + l] + 12582912.0F;
            const int8_t q = (int8_t)(uint8_t)(t != t ? 0U : gb_f32_bits(t) & 255U);
            b->qs[j * SUB + l] = q;
            sum += q;
        }
        b->bsums[j] = (int16_t)sum;
    }
}

void gb_q8_K_quantize_act_scalar(const float *x, void *blocks, size_t n) {
    gb_block_q8_K *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++) encode(x + i * BLOCK, &b[i]);
}

void gb_q8_K_dequantize_scalar(const void *blocks, float *x, size_t n) {
    const gb_block_q8_K *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, x += BLOCK) {
        const float d = b[k].d;
        for (size_t j = 0; j < BLOCK; j++) x[j] = d * (float)b[k].qs[j];
    }
}
