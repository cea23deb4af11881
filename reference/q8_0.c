/* q8_0: 32 signed bytes and one f16 scale. Weights and activations use the same encoder. */
#include "reference/legacy.h"
#include "reference/number.h"
#include "reference/reference.h"

enum { BLOCK = 32 };

/* d = max|x| / 127 (NaN never counts as a maximum); q = x * (1 / d), ties away from zero. 1 / d uses the unrounded d;
 * where it overflows (max|x| below 127 * 2^-128) or x is not finite, the code is 0. */
void gb_ref_q8_0_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance; /* nothing is searched */
    gb_block_q8_0 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++) b[i].d = gb_f16_from_f32(gb_encode_bytes32(x + i * BLOCK, b[i].qs));
}

void gb_ref_q8_0_quantize_act(const float *x, void *blocks, size_t n) {
    gb_ref_q8_0_quantize(x, blocks, n, NULL);
}

void gb_ref_q8_0_dequantize(const void *blocks, float *x, size_t n) {
    const gb_block_q8_0 *b = blocks;
    for (size_t i = 0; i < n; i++) x[i] = (float)b[i / BLOCK].qs[i % BLOCK] * gb_f32_from_f16(b[i / BLOCK].d);
}

/* acc = acc + (dw * da) * isum, block after block. |isum| <= 32 * 128 * 128 = 2^19: exact in binary32. */
float gb_ref_q8_0_dot(const void *w, const void *a, size_t n) {
    const gb_block_q8_0 *bw = w;
    const gb_block_q8_0 *ba = a;
    float acc = 0.0F;
    for (size_t i = 0; i < n / BLOCK; i++) {
        int isum = 0;
        for (size_t j = 0; j < BLOCK; j++) isum += bw[i].qs[j] * ba[i].qs[j];
        acc = acc + (gb_f32_from_f16(bw[i].d) * gb_f32_from_f16(ba[i].d)) * (float)isum;
    }
    return acc;
}
