/* mxfp4: 32 four-bit floats and a power of two (OCP microscaling). */
#include <float.h>

#include "reference/e2m1.h"
#include "reference/legacy.h"
#include "reference/log2.h"
#include "reference/number.h"
#include "reference/reference.h"
#include "reference/scale8.h"

enum { BLOCK = 32, HALF = 16 };

/* e = floor(log2(largest)) - 2 + 127, where the logarithm is rounded to binary32 before it is cut (log2.h). ggml
 * converts that to a byte without a look at its range, which is undefined in C and is defined here as what x86 does:
 * below 2^-125 it wraps (248 for 1e-40; the scale is huge and every code 0), infinity gives 0. */
static uint8_t scale_of(float largest) {
    if (largest == 0.0F || largest > FLT_MAX) return 0;
    return (uint8_t)(gb_floor_log2_f32(largest) - 2 + 127);
}

void gb_ref_mxfp4_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance; /* nothing is searched */
    gb_block_mxfp4 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++, x += BLOCK) {
        b[i].e = scale_of(gb_largest_magnitude(x, BLOCK));
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
