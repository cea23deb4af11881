/* q2_0: 64 codes of two bits, -1, 0, 1 (and 2, which no encoder emits) times one f16 scale. */
#include "reference/number.h"
#include "reference/reference.h"
#include "reference/ternary.h"

enum { BLOCK = 64, PARTNER = 32 };

/* A lost element is code 0, which is what x86 makes of the conversion in ggml. */
void gb_ref_q2_0_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance; /* nothing is searched */
    gb_block_q2_0 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++, x += BLOCK) {
        uint8_t code[BLOCK];
        b[i].d = gb_f16_from_f32(gb_encode_ternary(x, BLOCK, 0, code));
        memset(b[i].qs, 0, sizeof b[i].qs);
        for (size_t j = 0; j < BLOCK; j++) b[i].qs[j / 4] = (uint8_t)(b[i].qs[j / 4] | code[j] << 2 * (j % 4));
    }
}

static int value_at(const gb_block_q2_0 *b, size_t j) {
    return (b->qs[j / 4] >> 2 * (j % 4) & 3) - 1;
}

void gb_ref_q2_0_dequantize(const void *blocks, float *x, size_t n) {
    const gb_block_q2_0 *b = blocks;
    for (size_t i = 0; i < n; i++) x[i] = (float)value_at(&b[i / BLOCK], i % BLOCK) * gb_f32_from_f16(b[i / BLOCK].d);
}

/* One term per partner block: acc = acc + (dw * da) * isum, |isum| <= 32 * 2 * 128 = 2^13. */
float gb_ref_q2_0_dot(const void *w, const void *a, size_t n) {
    const gb_block_q2_0 *bw = w;
    const gb_block_q8_0 *ba = a;
    float acc = 0.0F;
    for (size_t k = 0; k < n / PARTNER; k++) {
        const gb_block_q2_0 *b = &bw[k * PARTNER / BLOCK];
        int isum = 0;
        for (size_t j = 0; j < PARTNER; j++) isum += value_at(b, k * PARTNER % BLOCK + j) * ba[k].qs[j];
        acc = acc + (gb_f32_from_f16(b->d) * gb_f32_from_f16(ba[k].d)) * (float)isum;
    }
    return acc;
}
