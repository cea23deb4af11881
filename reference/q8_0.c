/* q8_0: 32 signed bytes and one f16 scale. Weights and activations use the same encoder. */
#include <float.h>

#include "reference/number.h"
#include "reference/reference.h"

enum { BLOCK = 32 };

/* d = max|x| / 127 (NaN never counts as a maximum); q = x * (1 / d), ties away from zero. 1 / d uses the unrounded d;
 * where it overflows (max|x| below 127 * 2^-128) or x is not finite, the code is 0. */
static void encode(const float *x, gb_block_q8_0 *b) {
    float largest = 0.0F;
    for (size_t i = 0; i < BLOCK; i++) {
        if (gb_larger_magnitude(x[i], largest)) largest = gb_abs_f32(x[i]);
    }
    const float d = largest / 127.0F;
    float id = d != 0.0F ? 1.0F / d : 0.0F;
    if (id > FLT_MAX) id = 0.0F;
    b->d = gb_f16_from_f32(d);
    for (size_t i = 0; i < BLOCK; i++) {
        const float v = x[i] * id;
        b->qs[i] = (int8_t)(v != v ? 0 : gb_round_away(v));
    }
}

void gb_ref_q8_0_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance; /* nothing is searched */
    gb_block_q8_0 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++) encode(x + i * BLOCK, &b[i]);
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
