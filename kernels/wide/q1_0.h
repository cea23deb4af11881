/* The encoder of q1_0: the sum of a block's magnitudes is a chain, so lanes are blocks, and groups of them go side by
 * side; its signs are read as they lie. */
#ifndef GB_WIDE_Q1_0_H
#define GB_WIDE_Q1_0_H

#include "kernels/formats.h"
#include "kernels/wide/round.h"
#include "reference/number.h"

enum { GB_WIDE_Q1_0 = 128, GB_WIDE_Q1_0_BLOCKS = 16 /* in work */ };

/* Of `count` blocks from x on; the last one stands in for those behind it. */
GB_INLINE void gb_wide_q1_0_sums(const float *x, size_t count, float sum[GB_WIDE_Q1_0_BLOCKS]) {
    enum { GROUPS = GB_WIDE_Q1_0_BLOCKS / GB_WIDE, STEP = 8 };
    gb_wide chain[GROUPS];
    for (size_t g = 0; g < GROUPS; g++) chain[g] = gb_wide_set(0.0F);
    for (size_t i = 0; i < GB_WIDE_Q1_0; i += STEP) {
        GB_UNROLL
        for (size_t g = 0; g < GROUPS; g++) {
            const float *row[GB_WIDE];
            gb_wide column[STEP];
            for (size_t r = 0; r < GB_WIDE; r++) {
                const size_t k = g * GB_WIDE + r;
                row[r] = x + (k < count ? k : count - 1) * GB_WIDE_Q1_0 + i;
            }
            gb_wide_columns(row, STEP, column);
            GB_UNROLL
            for (size_t c = 0; c < STEP; c++) chain[g] = chain[g] + gb_wide_abs(column[c]);
        }
    }
    for (size_t g = 0; g < GROUPS; g++) gb_wide_store(sum + g * GB_WIDE, chain[g]);
}

/* Bits of x >= 0, false where x is NaN. */
GB_INLINE void gb_wide_q1_0_signs(const float *x, uint8_t qs[GB_WIDE_Q1_0 / 8]) {
    const gb_wide zero = gb_wide_set(0.0F);
    for (size_t i = 0; i < GB_WIDE_Q1_0; i += 32) {
        uint32_t bits = 0;
        GB_UNROLL
        for (size_t j = 0; j < 32; j += GB_WIDE) {
            const gb_wide v = gb_wide_load(x + i + j);
            bits |= gb_wide_bits(gb_wide_or(gb_wide_less(zero, v), gb_wide_equal(zero, v))) << j;
        }
        gb_set_u32_at(qs, i / 32, bits);
    }
}

static inline void gb_wide_q1_0_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance;
    gb_block_q1_0 *b = blocks;
    for (size_t left = n / GB_WIDE_Q1_0; left;) {
        const size_t count = left < GB_WIDE_Q1_0_BLOCKS ? left : GB_WIDE_Q1_0_BLOCKS;
        float sum[GB_WIDE_Q1_0_BLOCKS];
        gb_wide_q1_0_sums(x, count, sum);
        for (size_t k = 0; k < count; k++, b++, x += GB_WIDE_Q1_0) {
            b->d = gb_f16_from_scale(sum[k] / (float)GB_WIDE_Q1_0);
            gb_wide_q1_0_signs(x, b->qs);
        }
        left -= count;
    }
}

#endif
