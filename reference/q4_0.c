/* q4_0: 32 codes of four bits and one f16 scale whose sign makes the largest element code 0. */
#include <float.h>
#include <math.h>

#include "reference/number.h"
#include "reference/reference.h"
#include "reference/search.h"

enum { BLOCK = 32, HALF = 16 };

static void pack(const uint8_t code[BLOCK], gb_block_q4_0 *b) {
    for (size_t j = 0; j < HALF; j++) b->qs[j] = (uint8_t)(code[j] | code[j + HALF] << 4);
}

static int code_at(const gb_block_q4_0 *b, size_t i) {
    return i < HALF ? b->qs[i] & 15 : b->qs[i - HALF] >> 4;
}

/* d = extreme / -8; code = trunc(x / d + 8.5), at most 15. Where 1 / d overflows or x is not finite, the code is 8. */
static void encode(const float *x, gb_block_q4_0 *b) {
    float extreme = 0.0F; /* signed; the first of equals wins */
    for (size_t i = 0; i < BLOCK; i++) {
        if (gb_larger_magnitude(x[i], extreme)) extreme = x[i];
    }
    const float d = extreme / -8.0F; /* -0 for an all-zero block */
    float id = d != 0.0F ? 1.0F / d : 0.0F;
    if (gb_abs_f32(id) > FLT_MAX) id = 0.0F;
    uint8_t code[BLOCK];
    for (size_t i = 0; i < BLOCK; i++) {
        float v = x[i] * id;
        if (v != v) v = 0.0F;
        const int c = (int)(v + 8.5F);
        code[i] = (uint8_t)(c < 15 ? c : 15);
    }
    b->d = gb_f16_from_f32(d);
    pack(code, b);
}

void gb_ref_q4_0_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    gb_block_q4_0 *b = blocks;
    if (!importance) {
        for (size_t i = 0; i < n / BLOCK; i++) encode(x + i * BLOCK, &b[i]);
        return;
    }
    const float sigma2 = gb_sum_squares(x, n) / (float)n; /* over the whole row */
    for (size_t i = 0; i < n / BLOCK; i++) {
        const float *xb = x + i * BLOCK;
        float weight[BLOCK];
        uint8_t code[BLOCK];
        for (size_t j = 0; j < BLOCK; j++) weight[j] = importance[i * BLOCK + j] * sqrtf(sigma2 + xb[j] * xb[j]);
        b[i].d = gb_f16_from_scale(gb_search_signed(BLOCK, 8, xb, weight, code));
        pack(code, &b[i]);
    }
}

void gb_ref_q4_0_dequantize(const void *blocks, float *x, size_t n) {
    const gb_block_q4_0 *b = blocks;
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(code_at(&b[i / BLOCK], i % BLOCK) - 8) * gb_f32_from_f16(b[i / BLOCK].d);
}

/* acc = acc + (dw * da) * isum, block after block. |isum| <= 32 * 8 * 128 = 2^15. */
float gb_ref_q4_0_dot(const void *w, const void *a, size_t n) {
    const gb_block_q4_0 *bw = w;
    const gb_block_q8_0 *ba = a;
    float acc = 0.0F;
    for (size_t i = 0; i < n / BLOCK; i++) {
        int isum = 0;
        for (size_t j = 0; j < BLOCK; j++) isum += (code_at(&bw[i], j) - 8) * ba[i].qs[j];
        acc = acc + (gb_f32_from_f16(bw[i].d) * gb_f32_from_f16(ba[i].d)) * (float)isum;
    }
    return acc;
}
