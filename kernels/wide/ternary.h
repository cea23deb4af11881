/* Encoders of the formats with elements of -1, 0 and 1 times a scale: nothing is searched, a block after another. */
#ifndef GB_WIDE_TERNARY_H
#define GB_WIDE_TERNARY_H

#include <math.h>

#include "kernels/formats.h"
#include "kernels/wide/round.h"
#include "reference/number.h"

/* The factor of a block with the scale d. Where it is infinite no product is finite: NaN makes them all one kind. */
GB_INLINE gb_wide gb_wide_ternary_factor(float d) {
    const float id = d != 0.0F ? 1.0F / d : 0.0F;
    return gb_wide_set(gb_is_finite(id) ? id : NAN);
}

/* Codes 0, 1, 2 as floats: x * factor, which is not infinite, away from zero from 1/2 on; `lost`, 0 or 1, of a NaN. */
GB_INLINE gb_wide gb_wide_ternary(const float *x, gb_wide factor, int lost) {
    const gb_wide zero = gb_wide_set(0.0F);
    const gb_wide below_half = gb_wide_set(0x1.fffffep-2F);
    const gb_wide v = gb_wide_load(x) * factor;
    const gb_wide code = gb_wide_select(gb_wide_less(below_half, v), gb_wide_set(2.0F), gb_wide_set(1.0F));
    if (lost) return gb_wide_select(gb_wide_less(v, -below_half), zero, code);
    return gb_wide_select(gb_wide_less(gb_wide_set(-0.5F), v), code, zero);
}

/* --- q2_0: four neighbours to a byte ----------------------------------------------------------------------------- */

GB_INLINE void gb_wide_q2_0_block(const float *x, gb_block_q2_0 *b) {
    enum { ELEMS = 64 };
    uint8_t code[ELEMS];
    const float d = gb_wide_largest(x, ELEMS);
    const gb_wide factor = gb_wide_ternary_factor(d);
    for (size_t i = 0; i < ELEMS; i += GB_WIDE) gb_wide_store_bytes(code + i, gb_wide_ternary(x + i, factor, 0));
    b->d = gb_f16_from_f32(d);
    /* the product's highest byte: codes of two bits from bits 0, 8, 16, 24 move to 24, 26, 28, 30, and none meet below
     */
    for (size_t j = 0; j < ELEMS / 4; j++) b->qs[j] = (uint8_t)(gb_u32_at(code, j) * 0x01041040U >> 24);
}

static inline void gb_wide_q2_0_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance;
    gb_block_q2_0 *b = blocks;
    for (size_t k = 0; k < n / 64; k++) gb_wide_q2_0_block(x + k * 64, &b[k]);
}

/* --- tq2_0, tq1_0: elements a constant apart share a byte, which is a sum of lanes ------------------------------- */

GB_INLINE void gb_wide_tq2_0_block(const float *x, gb_block_tq2_0 *b) {
    const float d = gb_wide_largest(x, 256);
    const gb_wide factor = gb_wide_ternary_factor(d);
    b->d = gb_f16_from_f32(d);
    for (size_t j = 0; j < 64; j += GB_WIDE) {
        const float *from = x + j / 32 * 128 + j % 32;
        gb_wide byte = gb_wide_set(0.0F);
        GB_UNROLL
        for (size_t n = 4; n-- > 0;) byte = byte * gb_wide_set(4.0F) + gb_wide_ternary(from + 32 * n, factor, 1);
        gb_wide_store_bytes(b->qs + j, byte);
    }
}

static inline void gb_wide_tq2_0_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance;
    gb_block_tq2_0 *b = blocks;
    for (size_t k = 0; k < n / 256; k++) gb_wide_tq2_0_block(x + k * 256, &b[k]);
}

/* Bytes of five trits, the first the most significant: v * 256 / 243 rounded up is v + (v * 13 + 242) / 243 rounded
 * down. The quotient of floats, half a unit more, lies 1 / 486 or farther from whole numbers. */
GB_INLINE void gb_wide_tq1_0_bytes(const float *x, size_t stride, gb_wide factor, uint8_t *out) {
    gb_wide v = gb_wide_set(0.0F);
    GB_UNROLL
    for (size_t n = 0; n < 5; n++) v = v * gb_wide_set(3.0F) + gb_wide_ternary(x + n * stride, factor, 1);
    const gb_wide more = (v * gb_wide_set(13.0F) + gb_wide_set(242.5F)) * gb_wide_set(1.0F / 243.0F);
    gb_wide_store_bytes(out, v + gb_wide_truncate(more));
}

/* Four bytes of four trits and a last one of 0: at most 240 each, so no byte carries into the next. */
GB_INLINE void gb_wide_tq1_0_last(const float *x, gb_wide factor, uint8_t out[4]) {
    uint8_t code[16];
    uint32_t four = 0;
    for (size_t i = 0; i < 16; i += GB_WIDE) gb_wide_store_bytes(code + i, gb_wide_ternary(x + i, factor, 1));
    for (size_t n = 0; n < 4; n++) four = 3 * (four + gb_u32_at(code, n));
    for (size_t j = 0; j < 4; j++) out[j] = (uint8_t)(((four >> 8 * j & 255U) * 256 + 242) / 243);
}

GB_INLINE void gb_wide_tq1_0_block(const float *x, gb_block_tq1_0 *b) {
    const float d = gb_wide_largest(x, 256);
    const gb_wide factor = gb_wide_ternary_factor(d);
    b->d = gb_f16_from_f32(d);
    for (size_t p = 0; p < 32; p += GB_WIDE) gb_wide_tq1_0_bytes(x + p, 32, factor, b->qs + p);
    for (size_t p = 0; p < 16; p += GB_WIDE) gb_wide_tq1_0_bytes(x + 160 + p, 16, factor, b->qs + 32 + p);
    gb_wide_tq1_0_last(x + 240, factor, b->qh);
}

static inline void gb_wide_tq1_0_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance;
    gb_block_tq1_0 *b = blocks;
    for (size_t k = 0; k < n / 256; k++) gb_wide_tq1_0_block(x + k * 256, &b[k]);
}

#endif
