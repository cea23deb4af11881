/* q4_1: 32 codes of four bits, an f16 scale and an f16 minimum that is added. */
#include "reference/legacy.h"
#include "reference/number.h"
#include "reference/reference.h"

enum { BLOCK = 32, HALF = 16 };

void gb_ref_q4_1_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    const gb_row32 row = gb_row32_of(x, n, importance);
    gb_block_q4_1 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++) {
        gb_codes32 found;
        gb_encode_affine32(&row, i, 15, &found);
        b[i].d = found.d;
        b[i].m = found.m;
        gb_pack_nibbles(found.code, HALF, b[i].qs);
    }
}

void gb_ref_q4_1_dequantize(const void *blocks, float *x, size_t n) {
    const gb_block_q4_1 *b = blocks;
    for (size_t i = 0; i < n; i++) {
        const gb_block_q4_1 *at = &b[i / BLOCK];
        x[i] = (float)gb_nibble(at->qs, HALF, i % BLOCK) * gb_f32_from_f16(at->d) + gb_f32_from_f16(at->m);
    }
}

/* acc = acc + ((dw * da) * isum + m * s). |isum| <= 32 * 15 * 128 < 2^16; s is q8_1's own sum, an f16. */
float gb_ref_q4_1_dot(const void *w, const void *a, size_t n) {
    const gb_block_q4_1 *bw = w;
    const gb_block_q8_1 *ba = a;
    float acc = 0.0F;
    for (size_t i = 0; i < n / BLOCK; i++) {
        int isum = 0;
        for (size_t j = 0; j < BLOCK; j++) isum += gb_nibble(bw[i].qs, HALF, j) * ba[i].qs[j];
        acc = acc + gb_affine_term32(bw[i].d, bw[i].m, &ba[i], isum);
    }
    return acc;
}
