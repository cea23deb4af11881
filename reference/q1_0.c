/* q1_0: the signs of 128 elements and the mean of their magnitudes. */
#include "reference/number.h"
#include "reference/reference.h"

enum { BLOCK = 128, PARTNER = 32 };

/* d = sum|x| / 128, summed in ascending order; the bit is x >= 0, so -0 counts as positive and NaN as negative. */
void gb_ref_q1_0_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance; /* nothing is searched */
    gb_block_q1_0 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++, x += BLOCK) {
        float sum = 0.0F;
        memset(b[i].qs, 0, sizeof b[i].qs);
        for (size_t j = 0; j < BLOCK; j++) {
            sum = sum + gb_abs_f32(x[j]);
            if (x[j] >= 0.0F) b[i].qs[j / 8] = (uint8_t)(b[i].qs[j / 8] | 1 << (j % 8));
        }
        b[i].d = gb_f16_from_scale(sum / (float)BLOCK);
    }
}

static int sign_at(const gb_block_q1_0 *b, size_t j) {
    return b->qs[j / 8] >> (j % 8) & 1 ? 1 : -1;
}

void gb_ref_q1_0_dequantize(const void *blocks, float *x, size_t n) {
    const gb_block_q1_0 *b = blocks;
    for (size_t i = 0; i < n; i++) {
        const float d = gb_f32_from_f16(b[i / BLOCK].d);
        x[i] = sign_at(&b[i / BLOCK], i % BLOCK) > 0 ? d : -d;
    }
}

/* One term per partner block: acc = acc + (dw * da) * isum, |isum| <= 32 * 128 = 2^12. */
float gb_ref_q1_0_dot(const void *w, const void *a, size_t n) {
    const gb_block_q1_0 *bw = w;
    const gb_block_q8_0 *ba = a;
    float acc = 0.0F;
    for (size_t k = 0; k < n / PARTNER; k++) {
        const gb_block_q1_0 *b = &bw[k * PARTNER / BLOCK];
        int isum = 0;
        for (size_t j = 0; j < PARTNER; j++) isum += sign_at(b, k * PARTNER % BLOCK + j) * ba[k].qs[j];
        acc = acc + (gb_f32_from_f16(b->d) * gb_f32_from_f16(ba[k].d)) * (float)isum;
    }
    return acc;
}
