/* iq4_nl: 32 codes of four bits into a fixed table of levels, one f16 scale. */
#include "reference/iq4.h"
#include "reference/number.h"
#include "reference/reference.h"
#include "reference/search.h"

enum { BLOCK = 32 };

void gb_ref_iq4_nl_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    gb_block_iq4_nl *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, b++, x += BLOCK) {
        float weight[BLOCK];
        if (importance)
            gb_weigh(BLOCK, x, importance + k * BLOCK, gb_sum_squares(x, BLOCK) * (2.0F / (float)BLOCK), weight);
        const float scale = gb_iq4_search(x, importance ? weight : NULL);
        gb_iq4_encode(x, scale, b->qs); /* for the scale before its rounding */
        b->d = gb_f16_from_scale(scale);
    }
}

void gb_ref_iq4_nl_dequantize(const void *blocks, float *x, size_t n) {
    const gb_block_iq4_nl *b = blocks;
    for (size_t i = 0; i < n; i++)
        x[i] = gb_f32_from_f16(b[i / BLOCK].d) * (float)gb_iq4_level(b[i / BLOCK].qs, i % BLOCK);
}

/* acc = acc + (dw * da) * isum, block after block. |isum| <= 32 * 127 * 128 < 2^19. */
float gb_ref_iq4_nl_dot(const void *w, const void *a, size_t n) {
    const gb_block_iq4_nl *bw = w;
    const gb_block_q8_0 *ba = a;
    float acc = 0.0F;
    for (size_t k = 0; k < n / BLOCK; k++) {
        int isum = 0;
        for (size_t i = 0; i < BLOCK; i++) isum += gb_iq4_level(bw[k].qs, i) * ba[k].qs[i];
        acc = acc + (gb_f32_from_f16(bw[k].d) * gb_f32_from_f16(ba[k].d)) * (float)isum;
    }
    return acc;
}
