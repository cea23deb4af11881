/* q8_K: the activation partner of the K-quants: 256 signed bytes, an f32 scale and the sums of sixteen. */
#include "reference/number.h"
#include "reference/reference.h"

enum { BLOCK = 256 };

/* The element of largest magnitude becomes -127: q = nearest(x * (-127 / extreme)), d = 1 / (-127 / extreme). The byte
 * stored is the low byte of the nearest-integer result, which only matters when -127 / extreme overflows (then 0). */
static void encode(const float *x, gb_block_q8_K *b) {
    float extreme = 0.0F;
    for (size_t i = 0; i < BLOCK; i++) {
        if (gb_larger_magnitude(x[i], extreme)) extreme = x[i];
    }
    memset(b, 0, sizeof *b);
    if (extreme == 0.0F) return;
    const float inverse = -127.0F / extreme;
    for (size_t i = 0; i < BLOCK; i++) {
        const int q = gb_nearest_int(inverse * x[i]);
        b->qs[i] = (int8_t)(uint8_t)(q < 127 ? q : 127);
    }
    for (size_t i = 0; i < BLOCK; i++) b->bsums[i / 16] = (int16_t)(b->bsums[i / 16] + b->qs[i]);
    b->d = 1.0F / inverse;
}

void gb_ref_q8_K_quantize_act(const float *x, void *blocks, size_t n) {
    gb_block_q8_K *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++) encode(x + i * BLOCK, &b[i]);
}

void gb_ref_q8_K_dequantize(const void *blocks, float *x, size_t n) {
    const gb_block_q8_K *b = blocks;
    for (size_t i = 0; i < n; i++) x[i] = b[i / BLOCK].d * (float)b[i / BLOCK].qs[i % BLOCK];
}
