/* q4_0: 32 codes of four bits and one f16 scale whose sign makes the largest element code 0. */
#include "reference/legacy.h"
#include "reference/number.h"
#include "reference/reference.h"

enum { BLOCK = 32, HALF = 16 };

/* Where 1 / d overflows or x is not finite, the code is 8: zero. */
void gb_ref_q4_0_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    const gb_row32 row = gb_row32_of(x, n, importance);
    gb_block_q4_0 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++) {
        gb_codes32 found;
        gb_encode_symmetric32(&row, i, 8, 8, &found);
        b[i].d = found.d;
        gb_pack_nibbles(found.code, HALF, b[i].qs);
    }
}

static int value_at(const gb_block_q4_0 *b, size_t i) {
    return gb_nibble(b->qs, HALF, i) - 8;
}

void gb_ref_q4_0_dequantize(const void *blocks, float *x, size_t n) {
    const gb_block_q4_0 *b = blocks;
    for (size_t i = 0; i < n; i++) x[i] = (float)value_at(&b[i / BLOCK], i % BLOCK) * gb_f32_from_f16(b[i / BLOCK].d);
}

/* acc = acc + (dw * da) * isum, block after block. |isum| <= 32 * 8 * 128 = 2^15. */
float gb_ref_q4_0_dot(const void *w, const void *a, size_t n) {
    const gb_block_q4_0 *bw = w;
    const gb_block_q8_0 *ba = a;
    float acc = 0.0F;
    for (size_t i = 0; i < n / BLOCK; i++) {
        int isum = 0;
        for (size_t j = 0; j < BLOCK; j++) isum += value_at(&bw[i], j) * ba[i].qs[j];
        acc = acc + (gb_f32_from_f16(bw[i].d) * gb_f32_from_f16(ba[i].d)) * (float)isum;
    }
    return acc;
}
