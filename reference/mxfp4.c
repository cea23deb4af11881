/* mxfp4: 32 four-bit floats and a power of two (OCP microscaling). */
#include "reference/e2m1.h"
#include "reference/legacy.h"
#include "reference/number.h"
#include "reference/reference.h"
#include "reference/scale8.h"

enum { BLOCK = 32, HALF = 16 };

void gb_ref_mxfp4_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance; /* nothing is searched */
    gb_block_mxfp4 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++, x += BLOCK) {
        b[i].e = gb_e8m0_of_largest(gb_largest_magnitude(x, BLOCK));
        const float scale = gb_f32_from_e8m0_half(b[i].e);
        uint8_t code[BLOCK];
        for (size_t j = 0; j < BLOCK; j++) code[j] = gb_e2m1_nearest(x[j], scale);
        gb_pack_nibbles(code, HALF, b[i].qs);
    }
}

static int level_at(const gb_block_mxfp4 *b, size_t i) {
    return gb_e2m1_doubled[gb_nibble(b->qs, HALF, i)];
}

void gb_ref_mxfp4_dequantize(const void *blocks, float *x, size_t n) {
    const gb_block_mxfp4 *b = blocks;
    for (size_t i = 0; i < n; i++)
        x[i] = (float)level_at(&b[i / BLOCK], i % BLOCK) * gb_f32_from_e8m0_half(b[i / BLOCK].e);
}

/* acc = acc + (dw * da) * isum, block after block. |isum| <= 32 * 12 * 128 = 49152. */
float gb_ref_mxfp4_dot(const void *w, const void *a, size_t n) {
    const gb_block_mxfp4 *bw = w;
    const gb_block_q8_0 *ba = a;
    float acc = 0.0F;
    for (size_t i = 0; i < n / BLOCK; i++) {
        int isum = 0;
        for (size_t j = 0; j < BLOCK; j++) isum += level_at(&bw[i], j) * ba[i].qs[j];
        acc = acc + (gb_f32_from_e8m0_half(bw[i].e) * gb_f32_from_f16(ba[i].d)) * (float)isum;
    }
    return acc;
}
