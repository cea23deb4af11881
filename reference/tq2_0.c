/* tq2_0: 256 codes of two bits, -1, 0, 1 (and 2, which no encoder emits) times one f16 scale. */
#include "reference/number.h"
#include "reference/reference.h"
#include "reference/ternary.h"

enum { BLOCK = 256 };

/* Four elements a byte, 32 apart, in two halves of 128: byte and shift of element i. */
static size_t byte_of(size_t i) {
    return i / 128 * 32 + i % 32;
}

static unsigned shift_of(size_t i) {
    return (unsigned)(i % 128 / 32) * 2;
}

void gb_ref_tq2_0_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance; /* nothing is searched */
    gb_block_tq2_0 *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, b++, x += BLOCK) {
        uint8_t code[BLOCK];
        b->d = gb_f16_from_f32(gb_encode_ternary(x, BLOCK, 1, code));
        memset(b->qs, 0, sizeof b->qs);
        for (size_t i = 0; i < BLOCK; i++) b->qs[byte_of(i)] = (uint8_t)(b->qs[byte_of(i)] | code[i] << shift_of(i));
    }
}

static int value_at(const gb_block_tq2_0 *b, size_t i) {
    return (b->qs[byte_of(i)] >> shift_of(i) & 3) - 1;
}

void gb_ref_tq2_0_dequantize(const void *blocks, float *x, size_t n) {
    const gb_block_tq2_0 *b = blocks;
    for (size_t i = 0; i < n; i++) x[i] = (float)value_at(&b[i / BLOCK], i % BLOCK) * gb_f32_from_f16(b[i / BLOCK].d);
}

/* acc = acc + (d * da) * isum, |isum| <= 256 * 2 * 128 = 2^16. */
float gb_ref_tq2_0_dot(const void *w, const void *a, size_t n) {
    const gb_block_tq2_0 *bw = w;
    const gb_block_q8_K *ba = a;
    float acc = 0.0F;
    for (size_t k = 0; k < n / BLOCK; k++) {
        int isum = 0;
        for (size_t i = 0; i < BLOCK; i++) isum += value_at(&bw[k], i) * ba[k].qs[i];
        acc = acc + (gb_f32_from_f16(bw[k].d) * ba[k].d) * (float)isum;
    }
    return acc;
}
