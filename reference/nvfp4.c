/* nvfp4: 64 four-bit floats and four scales of eight bits, one per 16. */
#include "reference/e2m1.h"
#include "reference/legacy.h"
#include "reference/number.h"
#include "reference/reference.h"
#include "reference/scale8.h"

enum { BLOCK = 64, SUB = 16, SUBS = 4, HALF = 8, PARTNER = 32 };

/* The largest of each sub-block becomes 6, the largest level. */
void gb_ref_nvfp4_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance; /* nothing is searched */
    gb_block_nvfp4 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++) {
        for (size_t s = 0; s < SUBS; s++, x += SUB) {
            b[i].d[s] = gb_ue4m3_from_f32(gb_largest_magnitude(x, SUB) / 6.0F);
            const float scale = gb_f32_from_ue4m3_half(b[i].d[s]);
            uint8_t code[SUB];
            for (size_t j = 0; j < SUB; j++) code[j] = gb_e2m1_nearest(x[j], scale);
            gb_pack_nibbles(code, HALF, b[i].qs + s * HALF);
        }
    }
}

static int level_at(const gb_block_nvfp4 *b, size_t s, size_t j) {
    return gb_e2m1_doubled[gb_nibble(b->qs + s * HALF, HALF, j)];
}

void gb_ref_nvfp4_dequantize(const void *blocks, float *x, size_t n) {
    const gb_block_nvfp4 *b = blocks;
    for (size_t i = 0; i < n; i++) {
        const gb_block_nvfp4 *at = &b[i / BLOCK];
        const size_t s = i % BLOCK / SUB;
        x[i] = (float)level_at(at, s, i % SUB) * gb_f32_from_ue4m3_half(at->d[s]);
    }
}

/* One term per sub-block: acc = acc + (dw * da) * isum, |isum| <= 16 * 12 * 128 = 24576. */
float gb_ref_nvfp4_dot(const void *w, const void *a, size_t n) {
    const gb_block_nvfp4 *bw = w;
    const gb_block_q8_0 *ba = a;
    float acc = 0.0F;
    for (size_t k = 0; k < n / SUB; k++) { /* sub-block k of the row */
        const gb_block_nvfp4 *b = &bw[k / SUBS];
        const gb_block_q8_0 *partner = &ba[k * SUB / PARTNER];
        int isum = 0;
        for (size_t j = 0; j < SUB; j++) isum += level_at(b, k % SUBS, j) * partner->qs[k * SUB % PARTNER + j];
        acc = acc + (gb_f32_from_ue4m3_half(b->d[k % SUBS]) * gb_f32_from_f16(partner->d)) * (float)isum;
    }
    return acc;
}
